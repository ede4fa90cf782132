"""The field a key is pasted into, on the page and in the admin."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing import services
from licensing.selectors import LicenceStatus


class LicenceKeyForm(forms.Form):
    """What was typed stays in the field when it is refused; a key at work is never put into it."""

    license_key = forms.CharField(
        label=_("Licence key"),
        # An empty or overlong key gets the token's own sentence.
        required=False,
        help_text=_("Paste the whole key; line breaks do not matter. It is at work at once, without a restart."),
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "class": "inp mono",
                "spellcheck": "false",
                "autocomplete": "off",
                "autocapitalize": "off",
            }
        ),
    )

    def activate(self, *, by: str) -> LicenceStatus:
        """Of a valid form. Raises LicenceError."""
        values: dict[str, Any] = self.cleaned_data
        return services.activate_licence(license_key=values["license_key"], by=by)
