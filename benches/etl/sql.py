"""Run SQL statements, given after the port, and print the last value of the first row of the last answer."""

import sys

import pymysql

port, *statements = sys.argv[1:]
with pymysql.connect(host="127.0.0.1", port=int(port), user="test", password="test", autocommit=True) as connection:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        row = cursor.fetchone()
        print(row[-1] if row else "")
