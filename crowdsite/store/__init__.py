"""A Django database backend whose rows are Redis hashes.

`DATABASES["redis"] = {"ENGINE": "crowdsite.store", "NAME": "redis://..."}` and models that inherit
`crowdsite.store.models.RedisModel` are all an app needs: the admin, forms, REST framework and `dumpdata` then work
on these models as on any other. What Redis holds:

========================================  ==========  ==============================================================
`{db_table}:{pk}`                         hash        the row; NULL = absent field
`{db_table}#ix:{name}`                    sorted set  one member per row: ordered bytes of the values, then of the pk
`{db_table}#tri:{column}:{trigram}`       set         pks of the rows whose text holds these three characters
`{db_table}#seq`                          string      the last automatic pk
`store:migrations`, `store:layout`        hash        applied Redis migrations; the layout each table's indexes follow
========================================  ==========  ==============================================================

A table name is `<module>:<entity>`, so no row key can equal an index key, whatever the pk is. One script,
`lua/write.lua`, makes every change; the sorted set of a unique index is the claim on its values.
"""
