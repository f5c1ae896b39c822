"""The Streamlit page that people write for this: the log by day, and drift by feature, from MySQL.

By default as most are written, with pandas over the rows of the window; with MODE=sql as a careful one is, by GROUP BY in the server.
"""

import os

import pandas as pd
import streamlit as st
from sqlalchemy import create_engine

engine = create_engine(os.environ["BENCH_URL"])
since = os.environ["BENCH_SINCE"]
st.set_page_config(page_title="Model tracking", layout="wide")
st.title("Model tracking")

ROWS = """SELECT logging_timestamp,
                 CAST(input_output_payloads->>'$.output.prediction' AS DOUBLE) AS prediction
          FROM model_logs WHERE logging_timestamp >= %s"""
BY_DAY = """SELECT DATE(logging_timestamp) AS day, COUNT(*) AS requests,
                   AVG(CAST(input_output_payloads->>'$.output.prediction' AS DOUBLE)) AS mean_prediction
            FROM model_logs WHERE logging_timestamp >= %s GROUP BY day ORDER BY day"""


@st.cache_data(ttl=60)
def by_day():
    if os.environ.get("MODE") == "sql":
        return pd.read_sql(BY_DAY, engine, params=(since,), index_col="day")
    rows = pd.read_sql(ROWS, engine, params=(since,))
    days = rows.groupby(rows["logging_timestamp"].dt.date)["prediction"]
    return pd.DataFrame({"requests": days.size(), "mean_prediction": days.mean()})


@st.cache_data(ttl=60)
def drift():
    query = "SELECT run_timestamp, feature, effect FROM data_shift WHERE run_timestamp >= %s"
    return pd.read_sql(query, engine, params=(since,)).pivot_table(index="run_timestamp", columns="feature", values="effect")


days = by_day()
st.subheader("Requests")
st.line_chart(days["requests"])
st.subheader("Mean prediction")
st.line_chart(days["mean_prediction"])
st.subheader("Drift")
st.line_chart(drift())
