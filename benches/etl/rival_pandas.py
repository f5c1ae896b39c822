"""Load a bucket's logs one object after another with boto3, and write them with DataFrame.to_sql."""

import json
import sys

import boto3
import pandas
import sqlalchemy

bucket, database = sys.argv[1:]
s3 = boto3.client("s3")
rows = []
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for listed in page.get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
        for line in body.decode().splitlines():
            record = json.loads(line)
            rows.append((record["input"]["uid"], record["output"]["logging_timestamp"], line))

frame = pandas.DataFrame(rows, columns=["uid", "logging_timestamp", "input_output_payloads"])
frame["logging_timestamp"] = pandas.to_datetime(frame["logging_timestamp"])
# The default method, which PyMySQL turns into INSERTs of many rows, is faster here than method="multi".
frame.to_sql("model_logs", sqlalchemy.create_engine(database), if_exists="append", index=False, chunksize=1000)
