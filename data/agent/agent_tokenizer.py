"""The embedded agent's tokenizer: every name one token, every phrase of its turns one token.

Names stand without the space before them, surnames with it; so a name is the same token wherever
it stands, in a query and in a sentence, and copying it is copying one token.
"""

from __future__ import annotations

from pieces import tokenizer_of
from transformers import PreTrainedTokenizerFast

from labeler.oracle.agents.names import (
    ALIASES,
    CITIES,
    COUNTRIES,
    FIRST_NAMES,
    ORGANISATIONS,
    SURNAMES,
    WORKS,
)
from labeler.oracle.agents.relations import RELATIONS

END_OF_CALL = '"}}\n</tool_call>'
PHRASES = (
    "Question: What is ", "?", "I need ", ". I need ", ".\nAnswer: ", "\n",
    '.\n<tool_call>\n{"name": "search", "arguments": {"query": "', END_OF_CALL,
    "\n<tool_response>\n[", "] ", ", also called ", ",", ".\n[", ".\n</tool_response>\n",
    "\n<tool_response>\n", "No passage matches", "Nothing is known",
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The same tokenizer every time."""
    nouns = [f"{relation.noun} " for relation in RELATIONS]
    verbs = [f" {relation.verb} " for relation in RELATIONS]
    queries = [f" {relation.query}" for relation in RELATIONS]
    names = [*CITIES, *COUNTRIES, *ORGANISATIONS, *WORKS, *ALIASES, *FIRST_NAMES]
    surnames = [f" {name}" for name in SURNAMES]
    return tokenizer_of([*PHRASES, *nouns, *verbs, *queries, *names, *surnames])
