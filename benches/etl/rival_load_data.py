"""Load a bucket's logs with boto3 in 32 threads, and write batches of 10,000 with LOAD DATA LOCAL INFILE."""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from urllib.parse import urlsplit

import boto3
import pymysql
from botocore.config import Config

THREADS = 32
BATCH_ROWS = 10_000
CREATE = """CREATE TABLE IF NOT EXISTS model_logs (
    uid VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin PRIMARY KEY,
    logging_timestamp DATETIME(6) NOT NULL,
    input_output_payloads JSON NOT NULL,
    KEY (logging_timestamp))"""
LOAD = """LOAD DATA LOCAL INFILE %s INTO TABLE model_logs CHARACTER SET utf8mb4
    (uid, logging_timestamp, input_output_payloads)"""
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})

bucket, database = sys.argv[1], urlsplit(sys.argv[2])
# Clients may be shared by threads; without the setting all but 10 connections are made anew for each object.
s3 = boto3.client("s3", config=Config(max_pool_connections=THREADS))


def keys():
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            yield listed["Key"]


def read(key):
    rows = []
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    for line in body.decode().splitlines():
        record = json.loads(line)
        rows.append((record["input"]["uid"], record["output"]["logging_timestamp"], line))
    return rows


connection = pymysql.connect(
    host=database.hostname,
    port=database.port,
    user=database.username,
    password=database.password,
    database=database.path.strip("/"),
    local_infile=True,
)
with connection, connection.cursor() as cursor, ThreadPoolExecutor(THREADS) as pool:
    cursor.execute(CREATE)
    rows = chain.from_iterable(pool.map(read, keys()))
    while batch := list(islice(rows, BATCH_ROWS)):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            for row in batch:
                file.write("\t".join(value.translate(ESCAPES) for value in row) + "\n")
            file.flush()
            cursor.execute(LOAD, [file.name])
        connection.commit()
