"""The comparison notices every kind of change, so that a combination that passes means something."""

import copy
import sys
import unittest
from pathlib import Path

import normal
from compare import differences, identity
from sink import digests

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))
import raw

CHANGES = {
    "a span is missing": lambda request: spans(request).pop(),
    "a span is there twice": lambda request: spans(request).append(spans(request)[0]),
    "a trace id": lambda request: setattr(spans(request)[0], "trace_id", b"9" * 16),
    "a name": lambda request: setattr(spans(request)[0], "name", "other"),
    "an end time": lambda request: setattr(spans(request)[0], "end_time_unix_nano", 1),
    "the sign of zero": lambda request: setattr(spans(request)[0].attributes[5].value, "double_value", 0.0),
    "an attribute's type": lambda request: setattr(spans(request)[0].attributes[1].value, "bytes_value", b""),
    "an empty value that gets a type": lambda request: setattr(spans(request)[0].attributes[0].value, "string_value", ""),
    "an event's time": lambda request: setattr(spans(request)[0].events[1], "time_unix_nano", 1),
    "a link's flags": lambda request: setattr(spans(request)[0].links[0], "flags", 1),
    "a status message": lambda request: setattr(spans(request)[0].status, "message", "other"),
    "unknown fields of a span": lambda request: spans(request)[0].DiscardUnknownFields(),
    "unknown fields of a resource": lambda request: request.resource_spans[0].resource.DiscardUnknownFields(),
    "a resource's schema": lambda request: setattr(request.resource_spans[0], "schema_url", ""),
    "a scope's version": lambda request: setattr(request.resource_spans[0].scope_spans[0].scope, "version", ""),
}


def spans(request):
    return request.resource_spans[0].scope_spans[1].spans


def exported(request):
    digest_of = dict(digests(request))
    return [{**span, "all_fields_digest": digest_of[identity(span)]} for span in normal.spans(request)]


def arrived(request):
    by_identity = {}
    for span in exported(request):
        by_identity.setdefault(identity(span), []).append(span)
    return by_identity


class Comparison(unittest.TestCase):
    def setUp(self):
        self.request = raw.request(range(8))

    def test_the_same_is_the_same(self):
        """What has not changed is not reported."""
        self.assertEqual(differences(exported(self.request), arrived(self.request)), [])

    def test_every_change_is_noticed(self):
        """Each kind of change is reported."""
        for name, change in CHANGES.items():
            with self.subTest(name):
                changed = copy.deepcopy(self.request)
                change(changed)
                self.assertNotEqual(differences(self.wanted(name), arrived(changed)), [])

    def wanted(self, change):
        """What the SDKs' senders write; only the raw sender tells of unknown fields, through its digest."""
        every = exported(self.request)
        if not change.startswith("unknown"):
            for span in every:
                del span["all_fields_digest"]
        return every


if __name__ == "__main__":
    unittest.main()
