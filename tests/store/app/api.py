from rest_framework import pagination, permissions, serializers, viewsets

from tests.store.app.models import Person


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Person
        fields = ["id", "name", "badge", "gate", "age", "enabled", "tasks", "balance", "created_at"]


class Cursor(pagination.CursorPagination):
    page_size = 7
    ordering = "-created_at"


class PersonViewSet(viewsets.ModelViewSet):
    queryset = Person.objects.all()
    serializer_class = PersonSerializer
    permission_classes = [permissions.IsAuthenticated]
    pagination_class = Cursor
    filterset_fields = {
        "name": ["exact", "icontains"],
        "enabled": ["exact"],
        "gate": ["exact"],
        "age": ["gte", "isnull"],
    }
