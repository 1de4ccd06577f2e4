"""Where a story has its question. Pure."""

from __future__ import annotations

import re

CLAUSE = re.compile(r"[，,]")
_SYLLABLES = re.compile(r"[A-Za-z]+ ?|\d+|.", re.DOTALL)

#: What asks; a message with two of them may be two questions.
QUESTION_WORD = re.compile(
    r"多少(?:钱|[户亩个块人头只斤吨元盏度])?|多些钱|多钱|几[点号户家个盏亩头只口条笔天月块]|[啥谁咋]|怎么|什么|哪|何时|多咱|吗|没(?=$|[，。？！])|没有(?!的)|(?P<a>[一-鿿])[不没](?P=a)|不(?=$|[，。？！])"
)

#: From this length on, with so many clauses, a message tells a story; its question is the last clause.
_STORY = {3: 24, 2: 32}
#: A longer one without any comma ends with its question, which is about so long.
_BREATHLESS, _ITS_QUESTION = 34, 18


def question_of(text: str) -> str | None:
    """The last clause of a story, where its question stands; None for a text that is no story."""
    if len(text) < min(_STORY.values()):
        return None
    clauses = [clause for clause in CLAUSE.split(text) if clause]
    if len(clauses) == 1 and len(said := _SYLLABLES.findall(text)) >= _BREATHLESS:
        return "".join(said[-_ITS_QUESTION:])
    if len(clauses) < 2 or len(text) < _STORY[min(len(clauses), 3)]:
        return None
    question = clauses[-1]
    for clause in reversed(clauses[:-1]):
        if len(question) >= 8 and not QUESTION_WORD.search(clause):
            break
        question = f"{clause}，{question}"
    return question if text.endswith(question) else None
