"""Looking whether a batch's labels are really there, where the Hub's sentence tells another number than expected."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.codes import Code
from prelabel.errors import UploadError, UploadRefused
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.merge import values_of
from prelabel.model import Batch, BatchFailure, Receipt
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prelabel.hub.asset_matching import Matches
    from prelabel.hub.client import HubClient
    from prelabel.hub.merge import OptionValues
    from prelabel.model import HubTask, Item


class ReadBack:
    """Reads batches back that are in doubt, and only those: one request per hundred rows.

    Args:
        hub: the client.
        project: the project's id.
        matches: tells how many tasks a batch should have written.
        options: from :func:`prelabel.hub.merge.option_values`.
    """

    def __init__(self, hub: HubClient, project: str, matches: Matches, options: OptionValues) -> None:
        self._hub = hub
        self._project = project
        self._matches = matches
        self._options = options

    async def parts(self, outcome: Receipt | BatchFailure) -> list[Receipt | BatchFailure]:
        """An outcome as it is; of a receipt in doubt the rows that are not there, then the receipt of the others."""
        if not isinstance(outcome, Receipt) or not self._is_in_doubt(outcome):
            return [outcome]
        batch = outcome.batch
        tasks_of: dict[str, list[HubTask]] = defaultdict(list)
        ids = list(dict.fromkeys(item.external_id for item in batch.items))
        try:
            tasks = await self._hub.tasks_by_external_ids(self._project, ids, include_answer=True)
        except UploadError:
            return [outcome]  # the sentence is noted, as without reading back
        for task in tasks:
            tasks_of[task.external_id].append(task)
        return await asyncio.to_thread(self._sorted_out, outcome, tasks_of)

    def _is_in_doubt(self, receipt: Receipt) -> bool:
        n_expected = sum(self._matches.n_tasks(item.external_id) for item in receipt.batch.items)
        return receipt.n_labeled is not None and receipt.n_labeled != n_expected

    def _sorted_out(self, receipt: Receipt, tasks: Mapping[str, Sequence[HubTask]]) -> list[Receipt | BatchFailure]:
        parts: list[Receipt | BatchFailure] = []
        there = []
        for item in receipt.batch.items:
            if why := self._missing(item, tasks.get(item.external_id, ())):
                alone = Batch(receipt.batch.number, (item,), n_bytes_of((item,)))
                parts.append(BatchFailure(alone, UploadRefused(why, code=Code.NOT_STORED)))
            else:
                there.append(item)
        if there:
            kept = Batch(receipt.batch.number, tuple(there), n_bytes_of(there))
            parts.append(Receipt(kept, None, receipt.n_matched, receipt.n_attempts))
        return parts

    def _missing(self, item: Item, tasks: Sequence[HubTask]) -> str:
        """Why an item's labels cannot be said to be there, or an empty string."""
        if item.task_bodies:  # each task has acknowledged its own
            return ""
        sent = orjson.loads(item.body)
        n_without = sum(not self._surely_holds(task.answer, sent) for task in tasks)
        if tasks and not n_without:
            return ""
        return (
            f"the Hub acknowledged the row, but the labels are missing in {n_without} of its "
            f"{counted(len(tasks), 'task')}: it may leave out tasks that are past their first stage; move them back "
            "there, then run again"
        )

    def _surely_holds(self, answer: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
        try:
            return self._holds(answer, sent)
        except (AttributeError, TypeError):  # what is stored is in no form of labels
            return False

    def _holds(self, answer: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
        stored = [*(answer.get("tools") or ()), *(answer.get("objects") or ())]
        objects = {each.get("objectId") for each in stored}
        answers = {
            each.get("schemaId"): values_of(each.get("answer"), self._options.get(str(each.get("schemaId")), {}))
            for each in answer.get("classifications") or ()
        }
        return all(each.get("objectId") in objects for each in sent["objects"]) and all(
            answers.get(each.get("schemaId")) == each.get("answer") for each in sent["classifications"]
        )
