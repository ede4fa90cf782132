from django.contrib import admin

from tests.store.app.models import Gate, Person, Preferences, Ticket, Visit


class VisitInline(admin.TabularInline):
    model = Visit
    extra = 0


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["name", "badge", "gate", "age", "enabled", "seen_at"]
    list_display_links = ["badge"]
    list_editable = ["name", "enabled"]
    list_filter = ["enabled", "gate", "checked", "age"]
    search_fields = ["name", "badge", "gate__name"]
    list_per_page = 20
    date_hierarchy = "seen_at"
    autocomplete_fields = ["gate"]
    inlines = [VisitInline]


@admin.register(Ticket)
class TicketAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "gate"]
    list_filter = ["gate"]
    search_fields = ["code__exact"]
    list_per_page = 100


@admin.register(Gate)
class GateAdmin(admin.ModelAdmin):
    search_fields = ["name"]
    show_facets = admin.ShowFacets.ALWAYS
    list_filter = ["capacity"]


@admin.register(Preferences)
class PreferencesAdmin(admin.ModelAdmin):
    pass
