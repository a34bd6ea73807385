"""Airflow 3: copy to the folder of DAGs and set the variable qcity_home to the checkout."""

from __future__ import annotations

import datetime as dt

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "qcity_report",
    schedule="30 7 * * 1-5",
    start_date=dt.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    check = BashOperator(
        task_id="check", bash_command="cd {{ var.value.qcity_home }} && .venv/bin/qcity check"
    )
    run = BashOperator(
        task_id="run", bash_command="cd {{ var.value.qcity_home }} && .venv/bin/qcity run", retries=1
    )
    _ = check >> run
