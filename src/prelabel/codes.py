"""Stable words for how rows end and for what their owners should know; docs/outcomes.md explains each.

Programs group and filter by them; messages may be reworded, codes may not.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a row failed, was skipped or was not sent, or what a note is about, most harmful first."""

    # Failures of the row itself.
    BROKEN_ROW = "broken-row"
    EMPTY_ID = "empty-id"
    UNMATCHED_ID = "unmatched-id"
    AMBIGUOUS_ID = "ambiguous-id"
    UNKNOWN_OPTION = "unknown-option"
    TEXT_MISMATCH = "text-mismatch"
    UNSUPPORTED_CLASSIFICATION = "unsupported-classification"
    # Failures of its mask.
    MASK_REFERENCE = "mask-reference"
    MASK_MISSING = "mask-missing"
    MASK_FORBIDDEN = "mask-forbidden"
    MASK_UNAVAILABLE = "mask-unavailable"
    MASK_UNREADABLE = "mask-unreadable"
    MASK_TOO_LARGE = "mask-too-large"
    MASK_OF_OTHER_SIZE = "mask-of-other-size"
    MASK_WITHOUT_CLASS = "mask-without-class"
    TOO_MANY_POINTS = "too-many-points"
    HOLES = "holes"
    LOW_IOU = "low-iou"
    # Failures on the way to the Hub.
    TOO_LARGE_FOR_HUB = "too-large-for-hub"
    HUB_REFUSED = "hub-refused"
    HUB_UNAVAILABLE = "hub-unavailable"
    NOT_STORED = "not-stored"
    ODD_STORED_LABELS = "odd-stored-labels"
    ROW_FAILED = "row-failed"
    FAULT_IN_PRELABEL = "fault-in-prelabel"
    # Neither in nor failed.
    NOT_SENT = "not-sent"
    DECIDER_FAILED = "decider-failed"
    OTHER_BATCH = "other-batch"
    REPEATED_ID = "repeated-id"
    # Notes of rows that are in.
    EMPTY_ROW = "empty-row"
    UNKNOWN_COLORS = "unknown-colors"
    NO_OBJECTS = "no-objects"
    INEXACT = "inexact"
    SIMPLIFIED_MORE = "simplified-more"
    HOLES_CHANGED = "holes-changed"
    SMALL_OBJECTS = "small-objects"
    NEAR_COLORS = "near-colors"
    RESIZED = "resized"
    SIZE_UNKNOWN = "size-unknown"
    SHARED_ID = "shared-id"
    ROWS_ADDED = "rows-added"
    OTHER_CONTENT = "other-content"
    RESTRAINED = "restrained"
    PADDED = "padded"
    VERIFIED = "verified"


SEVERITY = {code: rank for rank, code in enumerate(Code)}
"""A code's place among all: what comes first does most harm."""
