//! The store of alerts and their messages.

use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use mlops_core::ports::StoreError;
use mlops_rules::{
    AlertState, AlertStore, KeptAlert, MessageLimit, MessageOutcome, MessageStatus, OutboxMessage,
    Severity, Status, Taken, WaitingMessage,
};

use crate::Database;
use crate::columns::Columns;
use crate::connection::Transaction;
use crate::error::{changed_one, is_conflict};
use crate::row::Row;
use crate::statement::sql;

/// The columns of [`alert_of`].
pub(crate) const ALERT: &str = "rule, alert_group, state, severity, since, value, worst, recent, fired_at, notified_at, \
                     no_data_since, why, evaluated_at, version";

pub(crate) fn alert_of(row: &Row) -> Result<KeptAlert, StoreError> {
    let recent: String = row.get("recent")?;
    Ok(KeptAlert {
        rule: row.get("rule")?,
        group: row.get("alert_group")?,
        state: AlertState {
            status: row.one_of("state", &Status::ALL, Status::name)?,
            severity: row.one_of("severity", &Severity::ALL, Severity::name)?,
            since: row.get("since")?,
            value: row.get("value")?,
            worst: row.get("worst")?,
            recent: recent.parse().map_err(|error: String| row.wrong("recent", error))?,
            fired_at: row.get("fired_at")?,
            notified_at: row.get("notified_at")?,
            no_data_since: row.get("no_data_since")?,
            why: row.get("why")?,
            evaluated_at: row.get("evaluated_at")?,
        },
        version: row.get("version")?,
    })
}

/// Writes the messages that are not there yet. Returns how many those were.
async fn write_messages(
    transaction: &mut Transaction,
    model: &ModelName,
    messages: &[OutboxMessage],
) -> Result<u64, StoreError> {
    let mut written = 0;
    for message in messages {
        let insert = Columns::of_model(model)
            .set("message_uid", &message.message_uid)
            .set("created_at", message.created_at)
            .set("run_uid", &message.run_uid)
            .set("rule", &message.rule)
            .set("alert_group", &message.group)
            .set("transition", message.transition)
            .set("channel", message.channel)
            .set("severity", message.severity)
            .set("recipient", &message.recipient)
            .set("subject", &message.subject)
            .set("content", &message.content)
            .set("status", message.status.name())
            .set("why", &message.why)
            .insert_once("alert_outbox");
        written += transaction.execute(insert).await?;
    }
    Ok(written)
}

impl AlertStore for Database {
    async fn alerts(&self, rules: &[String]) -> Result<Vec<KeptAlert>, StoreError> {
        let mut found = Vec::new();
        for rule in rules {
            let select =
                format!("SELECT {ALERT} FROM alert_state WHERE model_name = :model AND rule = ?");
            for row in self.connection.fetch(self.sql(&select).bind(rule)).await? {
                found.push(alert_of(&row)?);
            }
        }
        Ok(found)
    }

    async fn advance_alert(
        &self,
        next: &KeptAlert,
        messages: &[OutboxMessage],
    ) -> Result<bool, StoreError> {
        let state = &next.state;
        let columns = Columns::default()
            .set("state", state.status.name())
            .set("severity", state.severity.name())
            .set("since", state.since)
            .set("value", state.value)
            .set("worst", state.worst)
            .set("recent", state.recent.to_string())
            .set("fired_at", state.fired_at)
            .set("notified_at", state.notified_at)
            .set("no_data_since", state.no_data_since)
            .set("why", &state.why)
            .set("evaluated_at", state.evaluated_at)
            .set("version", next.version);
        let statement = match next.version {
            1 => columns
                .set("model_name", self.model.as_str())
                .set("rule", &next.rule)
                .set("alert_group", &next.group)
                .insert_into("alert_state"),
            version => columns
                .update(
                    "alert_state",
                    "model_name = ? AND rule = ? AND alert_group = ? AND version = ?",
                )
                .bind(self.model.as_str())
                .bind(&next.rule)
                .bind(&next.group)
                .bind(version - 1),
        };
        let mut transaction = self.connection.transaction().await?;
        let is_first = changed_one(transaction.execute(statement).await)?;
        if is_first {
            write_messages(&mut transaction, &self.model, messages).await?;
            transaction.commit().await?;
        }
        Ok(is_first)
    }

    async fn enqueue(&self, messages: &[OutboxMessage]) -> Result<u64, StoreError> {
        match self.try_enqueue(messages).await {
            // Another run wrote the same at the same time; now they are there.
            Err(error) if is_conflict(&error) => self.try_enqueue(messages).await,
            written => written,
        }
    }

    async fn waiting(&self, channel: &str) -> Result<Vec<WaitingMessage>, StoreError> {
        let select = sql(
            "SELECT message_uid, created_at, recipient, CAST(content AS CHAR) AS content, claimed_by, \
                          claimed_at, attempts FROM alert_outbox WHERE channel = ? AND status = 'sending' \
                          ORDER BY created_at, message_uid LIMIT 1000",
        );
        let rows = self.connection.fetch(select.bind(channel)).await?;
        let message = |row: &Row| {
            let claimed_by: Option<String> = row.get("claimed_by")?;
            Ok(WaitingMessage {
                message_uid: row.get("message_uid")?,
                created_at: row.get("created_at")?,
                recipient: row.get("recipient")?,
                content: row.get("content")?,
                claim: claimed_by.zip(row.get("claimed_at")?),
                attempts: row.get("attempts")?,
            })
        };
        rows.iter().map(message).collect()
    }

    async fn take(
        &self,
        message: &WaitingMessage,
        run_uid: &str,
        at: Timestamp,
        limit: Option<MessageLimit>,
    ) -> Result<Taken, StoreError> {
        let mut transaction = self.connection.transaction().await?;
        if let (Some(_), Some(lock)) = (limit, self.connection.dialect().lock("alert_gate")) {
            transaction.fetch(sql(lock)).await?;
        }
        let is_over = match limit {
            // One that was taken before is among those that are counted.
            Some(limit) if message.claim.is_none() => {
                let count = sql("SELECT COUNT(*) AS n FROM alert_outbox WHERE channel = 'sms' AND recipient = ? \
                                 AND claimed_at >= ? AND status IN ('sending', 'sent') AND transition <> 'muted'")
                .bind(&message.recipient)
                .bind(limit.since);
                let rows = transaction.fetch(count).await?;
                let taken = rows.first().map(|row| row.get::<u64>("n")).transpose()?;
                taken.is_some_and(|taken| taken >= u64::from(limit.most))
            }
            _ => false,
        };
        let (status, why) = match is_over {
            true => (MessageStatus::Muted, "daily limit of text messages"),
            false => (MessageStatus::Sending, ""),
        };
        let update = sql("UPDATE alert_outbox SET claimed_by = ?, claimed_at = ?, attempts = ?, status = ?, why = ? \
                          WHERE message_uid = ? AND status = 'sending' AND attempts = ?")
        .bind(run_uid)
        .bind(at)
        .bind(message.attempts + 1)
        .bind(status.name())
        .bind(why)
        .bind(&message.message_uid)
        .bind(message.attempts);
        let is_first = transaction.execute(update).await? > 0;
        transaction.commit().await?;
        Ok(match (is_first, is_over) {
            (false, _) => Taken::Lost,
            (true, true) => Taken::OverLimit,
            (true, false) => Taken::Yes,
        })
    }

    async fn settle_message(&self, outcome: MessageOutcome<'_>) -> Result<(), StoreError> {
        // A message that is given back has no claim; any other keeps it.
        let given_back = match outcome.status {
            MessageStatus::Sending => ", claimed_by = NULL, claimed_at = NULL",
            _ => "",
        };
        let update = format!(
            "UPDATE alert_outbox SET status = ?, sent_at = ?, provider_uid = ?, why = ?{given_back} \
             WHERE message_uid = ? AND status = 'sending'"
        );
        let update = sql(update)
            .bind(outcome.status.name())
            .bind(outcome.sent_at)
            .bind(outcome.provider_uid)
            .bind(outcome.why)
            .bind(outcome.message_uid);
        self.connection.execute(update).await.map(drop)
    }
}

impl Database {
    async fn try_enqueue(&self, messages: &[OutboxMessage]) -> Result<u64, StoreError> {
        let mut transaction = self.connection.transaction().await?;
        let written = write_messages(&mut transaction, &self.model, messages).await?;
        transaction.commit().await?;
        Ok(written)
    }
}
