use mlops_core::access::Action;
use mlops_job::{Grant, Kind, Schedule, Size, Spec};

const HOURLY: Schedule =
    Schedule { name: "hourly", command: &["run", "--deadline", "45m"], at: "cron(10 * * * ? *)" };

const ITEMS: &[Action] = &[
    Action::new("dynamodb:BatchGetItem", "table"),
    Action::new("dynamodb:BatchWriteItem", "table"),
    Action::new("dynamodb:PutItem", "table"),
];

const BOOKS: &[Action] = &[
    Action::new("dynamodb:DeleteItem", "table"),
    Action::new("dynamodb:GetItem", "table"),
    Action::new("dynamodb:Query", "table"),
    Action::new("dynamodb:UpdateItem", "table"),
];

const CREATE: &[Action] =
    &[Action::new("dynamodb:CreateTable", "table"), Action::new("dynamodb:DescribeTable", "table")];

const EXPIRE: &[Action] = &[
    Action::new("dynamodb:DescribeTimeToLive", "table"),
    Action::new("dynamodb:UpdateTimeToLive", "table"),
];

const TABLES: &[Grant] = &[
    Grant::of("MLOPS_TABLE", &[ITEMS]),
    Grant::of("MLOPS_TABLE", &[CREATE, EXPIRE]).when("MLOPS_CREATE_TABLES"),
    Grant::of("ETL_WATERMARK_TABLE", &[ITEMS, BOOKS]),
    Grant::of("ETL_WATERMARK_TABLE", &[CREATE]).when("MLOPS_CREATE_TABLES"),
];

pub(crate) const SPEC: Spec = Spec {
    kind: Kind::Job { timeout_minutes: 50, schedules: &[HOURLY] },
    size: Size::new(256, 512),
    grants: &[mlops_etl::GRANTS, TABLES],
};
