"""What the variables of programs are set to, where a stack does not say otherwise."""

from typing import Any

from stacks.programs import Program
from stacks.service import SPOOL

CANDIDATE = "candidate/model.pkl"


def environment(program: Program, platform: dict[str, Any], own: dict[str, str]) -> dict[str, str]:
    """The variables of a program, except its secrets."""
    reports = f"{platform['reports']}/{program.name}"
    values: dict[str, str | None] = {
        "MLOPS_OUTPUT": "json",
        "MLOPS_METRICS": "true",
        "MLOPS_LOGS": platform["logs"],
        "MLOPS_DEAD_LETTERS": platform["dead_letters"],
        "MLOPS_MODELS": platform["models"],
        "MLOPS_TABLE": f"dynamodb://{platform['log_table']}",
        "ETL_WATERMARK_TABLE": f"dynamodb://{platform['watermark_table']}",
        "MLOPS_RETRAIN_QUEUE": platform["queue"],
        # Its address holds no password; that comes as a secret of its own, to programs that take it so.
        "MLOPS_DATABASE": platform["database_url"] if "MLOPS_DATABASE_PASSWORD" in program.secrets else None,
        # In the stack's own database nobody else makes them; of another one that is its owner's. A page only reads.
        "MLOPS_CREATE_TABLES": "true" if platform["database_url"] and program.kind == "job" else None,
        "RETRAIN_CANDIDATE": CANDIDATE,
        "RETRAIN_LOGS": "model_logs",
        "SCORE_SPOOL": SPOOL,
        f"{program.name.upper().replace('-', '_')}_REPORT": f"{reports}/latest.html",
        f"{program.name.upper().replace('-', '_')}_LISTEN": f"0.0.0.0:{program.port}",
    }
    known = {name: value for name, value in values.items() if value is not None and name in program.variables}
    return {**known, **own}


def secrets(program: Program, platform: dict[str, Any], own: dict[str, str]) -> dict[str, str]:
    """The variables whose values Secrets Manager has, as the start of a container looks them up."""
    values: dict[str, str] = {}
    if platform["database_url"] is None:
        values["MLOPS_DATABASE"] = platform["database_secret"]
    else:
        values["MLOPS_DATABASE_PASSWORD"] = f"{platform['database_secret']}:password::"
    return {**{name: value for name, value in values.items() if name in program.secrets}, **own}
