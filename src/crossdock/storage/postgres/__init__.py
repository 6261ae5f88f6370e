"""The store on PostgreSQL: its server, settings, migrations, connections and statements.

Takes units of work; gives what the store port promises. May import: floors 0 to 4, asyncpg.
"""
