"""Models with every kind of field and index the store knows."""

import uuid

from django.db import models

from crowdsite.store.models import RedisModel, SingletonModel, TrigramIndex


class Gate(RedisModel):
    name = models.CharField(max_length=60, unique=True)
    capacity = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Person(RedisModel):
    name = models.CharField(max_length=80)
    badge = models.CharField(max_length=20, unique=True)
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="people", null=True, blank=True)
    age = models.IntegerField(null=True, blank=True, db_index=True)
    height = models.FloatField(null=True, blank=True)
    enabled = models.BooleanField(default=True, db_index=True)
    checked = models.BooleanField(null=True, blank=True)
    balance = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, db_index=True)
    token = models.UUIDField(default=uuid.uuid4, editable=False)
    tasks = models.JSONField(default=dict, blank=True)
    picture = models.BinaryField(null=True, blank=True)
    born = models.DateField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["gate", "name"]),
            models.Index(fields=["name"]),
            TrigramIndex(fields=["name"], name="person_name_tri"),
        ]
        constraints = [models.UniqueConstraint(fields=["gate", "age", "born"], name="one_age_a_gate_and_day")]

    def __str__(self) -> str:
        return self.name


class Visit(RedisModel):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="visits")
    note = models.TextField(blank=True)


class Ticket(RedisModel):
    """Small, for large tables."""

    name = models.CharField(max_length=40)
    code = models.CharField(max_length=20, unique=True)
    gate = models.ForeignKey(Gate, models.CASCADE)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["name"]), models.Index(fields=["gate", "name"])]

    def __str__(self) -> str:
        return self.code


class Preferences(SingletonModel):
    title = models.CharField(max_length=40, default="Crowdsite")
    seconds = models.PositiveIntegerField(default=30)
