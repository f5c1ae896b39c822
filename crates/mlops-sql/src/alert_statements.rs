//! The statements over `alert_state` and `alert_outbox`, which are the same in both databases.

pub(crate) const STATE_COLUMNS: &str = "state, severity, since, value, worst, recent, fired_at, notified_at, \
     no_data_since, why, evaluated_at, version";

pub(crate) const INSERT_MESSAGE: &str = "INSERT INTO alert_outbox (message_uid, created_at, run_uid, rule, alert_group, \
     transition, channel, severity, recipient, subject, content, status, why) \
     SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM (SELECT 1) AS one \
     WHERE NOT EXISTS (SELECT 1 FROM alert_outbox WHERE message_uid = ?)";

macro_rules! alert_statements {
    ($driver:ty, $connection:ty, $row:ty) => {
        impl $driver {
            fn alert_at(row: &$row) -> Result<KeptAlert, sqlx::Error> {
                let of_text = |error: String| sqlx::Error::Decode(error.into());
                let needed = |place: usize| {
                    let missing = || sqlx::Error::Decode("alert_state has a time that does not read as one".into());
                    Self::read_time(row, place)?.ok_or_else(missing)
                };
                let state = AlertState {
                    status: row.try_get::<String, _>(2)?.parse().map_err(of_text)?,
                    severity: match row.try_get::<String, _>(3)?.as_str() {
                        "critical" => Severity::Critical,
                        _ => Severity::Warning,
                    },
                    since: needed(4)?,
                    value: row.try_get(5)?,
                    worst: row.try_get(6)?,
                    recent: row.try_get::<String, _>(7)?.parse().map_err(of_text)?,
                    fired_at: Self::read_time(row, 8)?,
                    notified_at: Self::read_time(row, 9)?,
                    no_data_since: Self::read_time(row, 10)?,
                    why: row.try_get(11)?,
                    evaluated_at: needed(12)?,
                };
                let version = row.try_get::<i64, _>(13)? as u64;
                Ok(KeptAlert { rule: row.try_get(0)?, group: row.try_get(1)?, state, version })
            }

            async fn try_alerts(&self, rules: &[String]) -> Result<Vec<KeptAlert>, sqlx::Error> {
                let mut found = Vec::new();
                for rule in rules {
                    let columns = $crate::alert_statements::STATE_COLUMNS;
                    let select = format!("SELECT rule, alert_group, {columns} FROM alert_state WHERE rule = ?");
                    let rows = sqlx::query(AssertSqlSafe(select)).bind(rule).fetch_all(&self.pool).await?;
                    for row in &rows {
                        found.push(Self::alert_at(row)?);
                    }
                }
                Ok(found)
            }

            async fn try_enqueue(connection: &mut $connection, messages: &[OutboxMessage]) -> Result<u64, sqlx::Error> {
                let mut written = 0;
                for message in messages {
                    let insert = sqlx::query($crate::alert_statements::INSERT_MESSAGE)
                        .bind(&message.message_uid)
                        .bind(Self::time(message.created_at))
                        .bind(&message.run_uid)
                        .bind(&message.rule)
                        .bind(&message.group)
                        .bind(message.transition)
                        .bind(message.channel)
                        .bind(message.severity)
                        .bind(&message.recipient)
                        .bind(&message.subject)
                        .bind(&message.content)
                        .bind(message.status.name())
                        .bind(&message.why)
                        .bind(&message.message_uid);
                    written += insert.execute(&mut *connection).await?.rows_affected();
                }
                Ok(written)
            }

            async fn try_advance_alert(
                &self,
                next: &KeptAlert,
                messages: &[OutboxMessage],
            ) -> Result<bool, sqlx::Error> {
                let mut transaction = self.begin().await?;
                let columns = $crate::alert_statements::STATE_COLUMNS;
                let statement = if next.version == 1 {
                    format!("INSERT INTO alert_state ({columns}, rule, alert_group) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
                } else {
                    let set = columns.replace(',', " = ?,");
                    format!("UPDATE alert_state SET {set} = ? WHERE rule = ? AND alert_group = ? AND version = ?")
                };
                let state = &next.state;
                let mut query = sqlx::query(AssertSqlSafe(statement))
                    .bind(state.status.name())
                    .bind(state.severity.name())
                    .bind(Self::time(state.since))
                    .bind(state.value)
                    .bind(state.worst)
                    .bind(state.recent.to_string())
                    .bind(state.fired_at.map(Self::time))
                    .bind(state.notified_at.map(Self::time))
                    .bind(state.no_data_since.map(Self::time))
                    .bind(&state.why)
                    .bind(Self::time(state.evaluated_at))
                    .bind(next.version as i64)
                    .bind(&next.rule)
                    .bind(&next.group);
                if next.version > 1 {
                    query = query.bind(next.version as i64 - 1);
                }
                let is_first =
                    changed_one(query.execute(&mut *transaction).await.map(|result| result.rows_affected()))?;
                if is_first {
                    Self::try_enqueue(&mut transaction, messages).await?;
                    transaction.commit().await?;
                }
                Ok(is_first)
            }

            async fn try_waiting(&self, channel: &str) -> Result<Vec<WaitingMessage>, sqlx::Error> {
                let select = "SELECT message_uid, created_at, recipient, CAST(content AS CHAR), claimed_by, claimed_at, attempts \
                              FROM alert_outbox WHERE channel = ? AND status = 'sending' \
                              ORDER BY created_at, message_uid LIMIT 1000";
                let rows = sqlx::query(select).bind(channel).fetch_all(&self.pool).await?;
                let message = |row: &$row| {
                    let created_at = Self::read_time(row, 1)?;
                    let claimed_by: Option<String> = row.try_get(4)?;
                    Ok(WaitingMessage {
                        message_uid: row.try_get(0)?,
                        created_at: created_at.unwrap_or(Timestamp::UNIX_EPOCH),
                        recipient: row.try_get(2)?,
                        content: row.try_get(3)?,
                        claim: claimed_by.zip(Self::read_time(row, 5)?),
                        attempts: row.try_get::<i64, _>(6)? as u64,
                    })
                };
                rows.iter().map(message).collect()
            }

            async fn try_take(
                &self,
                message: &WaitingMessage,
                run_uid: &str,
                at: Timestamp,
                limit: Option<MessageLimit>,
            ) -> Result<Taken, sqlx::Error> {
                let mut transaction = self.begin().await?;
                if let (Some(_), Some(lock)) = (limit, Self::LOCK_ALERTS) {
                    sqlx::query(lock).execute(&mut *transaction).await?;
                }
                let is_over = match limit {
                    // One that was taken before is among those that are counted.
                    Some(limit) if message.claim.is_none() => {
                        let count = "SELECT COUNT(*) FROM alert_outbox WHERE channel = 'sms' AND recipient = ? \
                                     AND claimed_at >= ? AND status IN ('sending', 'sent') AND transition <> 'muted'";
                        let taken: i64 = sqlx::query_scalar(count)
                            .bind(&message.recipient)
                            .bind(Self::time(limit.since))
                            .fetch_one(&mut *transaction)
                            .await?;
                        taken >= i64::from(limit.most)
                    }
                    _ => false,
                };
                let status = if is_over { "muted" } else { "sending" };
                let why = if is_over { "the day's limit of texts" } else { "" };
                let update = "UPDATE alert_outbox SET claimed_by = ?, claimed_at = ?, attempts = ?, status = ?, why = ? \
                              WHERE message_uid = ? AND status = 'sending' AND attempts = ?";
                let result = sqlx::query(update)
                    .bind(run_uid)
                    .bind(Self::time(at))
                    .bind(message.attempts as i64 + 1)
                    .bind(status)
                    .bind(why)
                    .bind(&message.message_uid)
                    .bind(message.attempts as i64)
                    .execute(&mut *transaction)
                    .await;
                let is_first = changed_one(result.map(|result| result.rows_affected()))?;
                transaction.commit().await?;
                Ok(match (is_first, is_over) {
                    (false, _) => Taken::Lost,
                    (true, true) => Taken::OverLimit,
                    (true, false) => Taken::Yes,
                })
            }

            async fn try_settle_message(&self, outcome: &MessageOutcome<'_>) -> Result<(), sqlx::Error> {
                // Given back, it is nobody's; else who had it stays.
                let given_back = match outcome.status {
                    MessageStatus::Sending => ", claimed_by = NULL, claimed_at = NULL",
                    _ => "",
                };
                let update = format!(
                    "UPDATE alert_outbox SET status = ?, sent_at = ?, provider_uid = ?, why = ?{given_back} \
                     WHERE message_uid = ? AND status = 'sending'"
                );
                sqlx::query(AssertSqlSafe(update))
                    .bind(outcome.status.name())
                    .bind(outcome.sent_at.map(Self::time))
                    .bind(outcome.provider_uid)
                    .bind(outcome.why)
                    .bind(outcome.message_uid)
                    .execute(&self.pool)
                    .await
                    .map(drop)
            }
        }

        impl AlertStore for $driver {
            async fn alerts(&self, rules: &[String]) -> Result<Vec<KeptAlert>, StoreError> {
                self.try_alerts(rules).await.map_err(|error| failed("reading alert_state", error))
            }

            async fn advance_alert(&self, next: &KeptAlert, messages: &[OutboxMessage]) -> Result<bool, StoreError> {
                let written = self.try_advance_alert(next, messages).await;
                written.map_err(|error| failed("writing to alert_state and alert_outbox", error))
            }

            async fn enqueue(&self, messages: &[OutboxMessage]) -> Result<u64, StoreError> {
                let write = async || {
                    let mut transaction = self.begin().await?;
                    let written = Self::try_enqueue(&mut transaction, messages).await?;
                    transaction.commit().await?;
                    Ok(written)
                };
                let written = match write().await {
                    // Another run wrote the same at the same time; now they are there.
                    Err(error) if is_conflict(&error) => write().await,
                    written => written,
                };
                written.map_err(|error| failed("writing to alert_outbox", error))
            }

            async fn waiting(&self, channel: &str) -> Result<Vec<WaitingMessage>, StoreError> {
                self.try_waiting(channel).await.map_err(|error| failed("reading alert_outbox", error))
            }

            async fn take(
                &self,
                message: &WaitingMessage,
                run_uid: &str,
                at: Timestamp,
                limit: Option<MessageLimit>,
            ) -> Result<Taken, StoreError> {
                let taken = self.try_take(message, run_uid, at, limit).await;
                taken.map_err(|error| failed("writing to alert_outbox", error))
            }

            async fn settle_message(&self, outcome: MessageOutcome<'_>) -> Result<(), StoreError> {
                let settled = self.try_settle_message(&outcome).await;
                settled.map_err(|error| failed("writing to alert_outbox", error))
            }
        }
    };
}
pub(crate) use alert_statements;
