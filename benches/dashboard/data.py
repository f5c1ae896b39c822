"""Fill the tables of a year: logged requests by the million, and what the jobs found, made within the server."""

import sys

import pymysql

port, rows = int(sys.argv[1]), int(sys.argv[2])
FEATURES, DAYS = 27, 365
END = "2026-11-23"
# A year's requests in order of time, of about 400 bytes.
LOGS = f"""INSERT INTO model_logs (uid, logging_timestamp, input_output_payloads)
SELECT CONCAT('u', LPAD(%(from)s + n, 10, '0')),
       TIMESTAMPADD(MICROSECOND, CAST((%(from)s + n) / %(rows)s * {DAYS} * 86400e6 AS SIGNED), DATE_SUB('{END}', INTERVAL {DAYS} DAY)),
       CONCAT('{{"input":{{"uid":"u', %(from)s + n, '","client_id":"c', MOD(%(from)s + n, 999983), '","activity_score":', ROUND(RAND(n), 4),
              ',"propensity_score":', ROUND(RAND(n + 1), 4), ',"xp_points":', MOD(n * 7919, 9000), ',"device_type":"level_', MOD(n, 5),
              '","marketing_channel":"level_', MOD(n, 7), '","coupon_code":"level_', MOD(n, 11), '","browser_type":"level_', MOD(n, 4),
              '"}},"output":{{"prediction":', ROUND(0.05 + 0.3 * RAND(n + 2), 6), ',"high_risk":"', IF(MOD(n, 9), 'no', 'yes'),
              '","model_used":"', IF(MOD(n, 10), 'model', 'heuristic'), '","model_uid":"churn-', IF(%(from)s + n < %(rows)s / 2, 1, 2), '"}}}}')
FROM bench_numbers WHERE n < %(count)s"""
CHUNK = 200_000


def main():
    with pymysql.connect(host="127.0.0.1", port=port, user="test", password="test", database="bench", autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("SET SESSION cte_max_recursion_depth = 1000000")
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_numbers (n INT PRIMARY KEY)")
        numbers = "WITH RECURSIVE it (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM it WHERE n + 1 < %s) SELECT n FROM it"
        cursor.execute(f"REPLACE INTO bench_numbers {numbers}", (CHUNK,))
        for start in range(0, rows, CHUNK):
            cursor.execute(LOGS, {"from": start, "rows": rows, "count": min(CHUNK, rows - start)})
        cursor.execute("DROP TABLE bench_numbers")
        findings(cursor)


def findings(cursor):
    bins = [round(1 / 24, 4)] * 24
    picture = f'{{"bins":{{"from":0.0,"to":1.0,"reference":{bins},"production":{bins}}}}}'
    at = f"TIMESTAMPADD(DAY, %s - {DAYS}, '{END} 05:00:00')"
    shift = f"""INSERT INTO data_shift (run_uid, feature, run_timestamp, kind, test, statistic, p_value, p_value_adjusted, cutoff, effect,
        effect_name, missing_reference, missing_production, n_reference, n_production, verdict, why, shift_occurred, picture, model_uid)
        VALUES (%s, %s, {at}, 'numeric', 'kolmogorov_smirnov', %s, 0.2, 0.5, 0.05, %s, 'ks', 0.01, 0.01, 20000, 27000, %s, '', %s, %s, 'churn-2')"""
    runs = []
    for day in range(DAYS):
        for feature in range(FEATURES):
            moved = feature < 3 and day > 300
            effect = 0.02 + (0.004 * (day - 300) if moved else 0.001 * (feature % 7))
            verdict = "shifted" if moved else "stable"
            runs.append((f"drift-{day}", f"feature_{feature}", day, effect, effect, verdict, moved, picture))
    cursor.executemany(shift, runs)
    concept = f"""INSERT INTO concept_shift (run_uid, metric_used, run_timestamp, scoring_threshold, model_score, score_low, score_high,
        n_reference, n_production, verdict, why, shift_occurred, model_uid)
        VALUES (%s, 'roc_auc', {at}, 0.55, 0.51, 0.49, 0.53, 20000, 20000, 'stable', '', 0, 'churn-2')"""
    cursor.executemany(concept, [(f"concept-{day}", day) for day in range(DAYS)])
    curve = ",".join(
        f'{{"n":900,"predicted":{share},"observed":{{"value":{share},"low":{share - 0.03:.2f},"high":{share + 0.03:.2f}}}}}'
        for share in (0.05, 0.15, 0.25, 0.35)
    )
    performance = f"""INSERT INTO performance (run_uid, kind, period_from, period_to, run_timestamp, n, base_rate, roc_auc, roc_auc_low,
        roc_auc_high, log_loss, brier, details, verdict, why, is_decisive, model_uid)
        VALUES (%s, 'realised', {at}, TIMESTAMPADD(DAY, 7, {at}), {at}, 9000, 0.2, 0.78, 0.77, 0.79, 0.45, 0.14, %s, 'stable', '', %s, 'churn-2')"""
    nightly = [
        (f"performance-{day}", 7 * week, 7 * week, day, f'{{"calibration_curve":[{curve}]}}', 7 * week + 14 > day)
        for day in range(14, DAYS)
        for week in range(max(0, day // 7 - 25), day // 7)
    ]
    cursor.executemany(performance, nightly)
    impact = f"""INSERT INTO business_impact (run_uid, period_from, period_to, run_timestamp, model_clients, model_left, heuristic_clients,
        heuristic_left, clients_saved, clients_saved_low, clients_saved_high, verdict, why)
        VALUES (%s, {at}, TIMESTAMPADD(DAY, 7, {at}), {at}, 9000, 1500, 1000, 220, 480, 250, 700, 'stable', 'the benefit holds')"""
    cursor.executemany(impact, [row[:4] for row in nightly])
    partition = f"""INSERT INTO etl_partition (partition_key, pipeline, partition_id, sealed, records, newest_logging_timestamp)
        VALUES (UNHEX(LEFT(SHA2(%s, 256), 32)), 's3://logs', %s, 1, 1140, TIMESTAMPADD(HOUR, %s - {24 * DAYS}, '{END}'))"""
    cursor.executemany(partition, [(f"hour-{hour}", f"hour-{hour}", hour) for hour in range(24 * DAYS)])
    model = f"""INSERT INTO model_metadata (model_uid, training_timestamp, accepted, reasons, learner, recipe, source, rows_training, data_sha256)
        VALUES (%s, {at}, 1, '', 'gradient-boosting', '{{}}', 's3://data', 1000000, REPEAT('0', 64))"""
    cursor.executemany(model, [("churn-1", 0), ("churn-2", 182)])
    release = f"INSERT INTO model_release (model_uid, released_at, action) VALUES (%s, {at}, 'retrain')"
    cursor.executemany(release, [("churn-1", 0), ("churn-2", 182)])


main()
