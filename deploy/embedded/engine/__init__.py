"""The ClickHouse engine (chDB) in one process, served over ClickHouse's HTTP protocol on the loopback interface.

Start it with `python -m deploy.embedded.engine --dir DIRECTORY --port PORT`; talk to it with
`clickhouse_connect.get_client(host="127.0.0.1", port=PORT)`, exactly as to a ClickHouse server.
"""
