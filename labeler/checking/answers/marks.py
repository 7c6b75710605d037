r"""Finds what a reply marks as its answer: a label, a sentence, a heading, tags, `####`, `A:`.

    **Final Answer:** 42            # Answer (the value on the next line or in a display)
    Therefore, my final answer is 42.        The answers are 2 and 3.
    <answer>42</answer>             #### 42             A: 42              答案是42。

What stands behind a mark must look like a value, so "The answer is correct" and a heading
"#### Step 1: multiply" mark nothing. Around each mark a bounded piece of text is looked at, so time
is linear in the length of the text. Not covered: boxes (`boxes`), sentences without a mark.
Sources: GSM8K (`####`, `A:`), PRM800K (`# Answer`), Minerva ("Final Answer: The final answer is
$15$. I hope it is correct."), and replies of chat models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labeler.checking.answers.sentences import first_sentence, stated

REACH = 700
"""So many characters behind a mark may belong to its answer."""

_WORDS = (
    r"answers?|results?|options?|choices?"
    r"|r[ée]ponse|respuesta|antwort|risposta|resposta|ответ"
)
_CJK = (
    r"(?:故|应|應|因此|所以)(?:本题)?应?[选選]择?(?=\s?[:：]?\s?[(（]?[A-J](?![A-Za-z]))|"
    r"答案(?:应该|應該)?(?:是|为|為)?|答えは?|解答は?|正解は?|答(?=\s?[:：])"
    r"|정답은?|답은?(?=\s?[:：])"
)
_ANCHOR = re.compile(
    rf"(?<![A-Za-z])(?:(?P<word>{_WORDS})(?![A-Za-z])|(?P<cjk>{_CJK}))", re.IGNORECASE
)
_QUALIFIER = (
    r"(?:the|my|our|your|this|an?|final|correct|right|best|numerical|numeric|exact|required|overall"
    r"|complete|short|simplified|full|desired|and|so|thus|therefore|hence|la|le|die|der|il|el|"
    r"finale?|r[ée]ponse|step\ [0-9]{1,2}[:.]?)"
)
_LABEL = re.compile(
    rf"^[\s>#*_\-–•·.()0-9\[\"'`~|]{{0,16}}(?:{_QUALIFIER}[\s,*_:]{{1,4}}){{0,6}}$",
    re.IGNORECASE,
)
_OWNER = re.compile(
    r"(?:\b(?:the|my|our|your|this|final|correct|right|best|numerical|exact|required|overall"
    r"|la|die)"
    r"[\s*_]{1,4})$",
    re.IGNORECASE,
)
_FINAL = re.compile(r"\b(?:final|correct|right|best)[\s*_]{1,4}$", re.IGNORECASE)
_COLON = re.compile(r"^(?: ?\([^()\n]{0,40}\))?[*_\"'`\]]{0,4} ?[:：][*_]{0,4}")
_DASH = re.compile(r"^[*_\"'`]{0,4} ?(?:[=\-–—]|->|→)[*_]{0,4}(?=\s?\S)")
_HEADING = re.compile(r"^[*_#:\s]{0,8}(?:\n|$)")
_VERB = re.compile(
    r"""^(?:\s?\([^()\n]{0,40}\))?[*_]{0,4}\s{1,2}
    (?:(?:to|for)\ (?:the|this|our|your)\ (?:\w{1,12}\ )?
        (?:question|problem|equation)\ |here\ |then\ )?
    (?:is|are|was|were|(?:should|would|must|will|can|has\ to|ought\ to)\ (?:then\ |therefore\ )?be
      |comes\ (?:out\ )?to|equals|est|es|ist|è|é)\b
    (?:\s?(?:therefore|thus|then|simply|indeed|also|clearly|hence|actually|just|only|exactly
      |still|now|in\ fact|given\ by|equal\ to)\b,?){0,3}[\s*_]{0,4}[:：]?[*_]{0,4}""",
    re.IGNORECASE | re.VERBOSE,
)
_SUPPOSED = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|whether|unless|imagine|(?:did|do|would|could) (?:you|we|they) say"
    r"|expected|guess\w*|thought|think|tempted)\b[^.\n:]{0,40}\Z",
    re.IGNORECASE,
)
"""What leads to an answer that nobody gives: if the answer were 13."""
_NO_VALUE = re.compile(
    r"""^\W{0,3}(?:(?:is|are|was|were|does|do)\b|isn't|aren't|not|n't|no\ longer
    |correct|incorrect|right|wrong|consistent|inconsistent
    |reasonable|unreasonable|verified|valid|invalid|above|below|as\ follows|based|found|obtained
    |given\b|in\ |on\ |at\ |that\b|what|which|how|why|when|where|if\b|because|since|clear|unclear
    |unique|written|expressed|rounded|supposed|expected|known|unknown|required|needed|the\ same
    |[a-z]{2,}ing\b|here|there|it\b|your|yours|my|to\ be|step\b|check\b|explanation|solution
    |answer\b|value\b|number\b|n/?a\b|none\ of\ your|\.\.\.?$|\?)""",
    re.IGNORECASE | re.VERBOSE,
)
_HASHES = re.compile(r"^[ \t]{0,8}####[ \t]*(?=[^\s#])", re.MULTILINE)
_NUMBERED = re.compile(r"^[*_]{0,2}[0-9]{1,2}[.)][*_ ]{1,3}[^\W\d]")
_HASH_VALUE = re.compile(
    r"^[*_]{0,2}(?:[-+\u2212]?[\\$€£(\[{.|]{0,2}\s?[-\u2212]?[0-9]|\\|\$|\([A-Z]\)|[A-Z]$)"
)
_A = re.compile(r"^[ \t>*]{0,4}A[*]{0,2}[:：][*]{0,2}[ \t]*(?=\S)", re.MULTILINE)
_OTHER_CHOICE = re.compile(r"^[ \t>*]{0,4}[BQ][*]{0,2}[:：]", re.MULTILINE)
_TAGS = re.compile(
    r"<(?P<tag>answer|final_answer|finalanswer|final|ans|result)>"
    r"(?P<inside>[^<>]{0,600}?(?:<[^<>/a-z][^<>]{0,200}?)?)</(?P=tag)>"
    r"|\[ANSWER\](?P<square>[^\[\]]{0,600})\[/ANSWER\]"
    r"|[\"'](?:final[_ ]?)?(?:answer|result|solution)[\"']\s?:\s?"
    r"(?:\"(?P<json>(?:[^\"\\\n]|\\.){0,300})\"|'(?P<single>(?:[^'\\\n]|\\.){0,300})'"
    r"|\[(?P<list>[^\[\]{}]{1,300})\]"
    r"|(?P<bare>-?[0-9.]{1,40}(?:[eE][-+]?[0-9]{1,4})?|true|false|True|False))",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^```[a-z]{0,12}\n(.{1,400}?)\n[ ]{0,4}```", re.DOTALL)
_OPENED = re.compile(r"[\s>*_#\-:：\"“'~|→➡👉✅\ufe0f]{0,24}")
_TABLE = re.compile(r"\|[^\n]{0,400}\|[ \t]*\n[ \t]{0,3}\|[ \t]*:?-")
_ITEM = re.compile(r"[ \t]{0,4}(?:[-*•]|[0-9]{1,2}[.)])[ \t]{1,4}(?=\S)")
MOST_ITEMS = 12
"""Longer lists behind a mark are no answer but an explanation."""
_PLACEHOLDER = re.compile(
    r"""^[\[<({\\]{0,8}(?:text)?[\[<({\s]{0,4}(?:your\ |the\ |my\ |final\ |numerical\ |numeric\ )*
    (?:answer|ans|result|value|number|number\ here|final\ answer|answer\ here
    |solution|\.{2,}|…|_{2,}|\?+
    |letter|x{3,})(?:\ here)?[\])}>\s.]{0,4}$""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer that stands at `start` of a text, as the reply wrote it; `end` is behind it."""

    start: int
    end: int
    answer: str


def is_placeholder(content: str) -> bool:
    """Whether it is the form of an answer that a prompt shows, not one: empty, `answer`, `...`."""
    content = content.removeprefix(r"\boxed") if content.startswith(r"\boxed{") else content
    return not content.strip() or _PLACEHOLDER.match(content.strip()) is not None


def last_marked(text: str) -> Marked | None:
    """The last answer that is marked in words or signs."""
    found = [
        one
        for way in (_last_sentence, _last_hashes, _last_a, _last_tag)
        if (one := way(text)) is not None
    ]
    last = max(found, key=lambda one: one.start, default=None)
    # "The answer is" inside of tags or a JSON string is theirs.
    around = (one for one in found if last and one.start < last.start < one.end)
    return next(around, last)


def _last_tag(text: str) -> Marked | None:
    last = None
    for tag in _TAGS.finditer(text):
        inside = next(
            part
            for part in tag.group("inside", "square", "json", "single", "list", "bare")
            if part is not None
        )
        if tag["json"] or tag["single"]:
            inside = inside.replace(r"\\", "\\")  # JSON doubles what TeX needs once
        if not is_placeholder(inside):
            last = Marked(tag.start(), tag.end(), _in_short(inside.strip(), text[: tag.start()]))
    return last


def _last_hashes(text: str) -> Marked | None:
    """`#### 42`, but not a heading of that level."""
    last = None
    for mark in _HASHES.finditer(text):
        end = text.find("\n", mark.end())
        end = len(text) if end < 0 else end
        line = text[mark.end() : min(end, mark.end() + REACH)].strip()
        is_last = not text[end:].strip()
        words = len(line.split(" "))
        heading = _NUMBERED.match(line) or line.endswith(":")
        if (
            heading
            or is_placeholder(line)
            or not (_HASH_VALUE.match(line) or (is_last and words <= 3))
        ):
            continue
        if re.match(r"(?:step|check|conclusion|solution|answer|final)\b", line, re.IGNORECASE):
            continue
        last = Marked(mark.start(), end, _in_short(line, text[: mark.start()]))
    return last


def _last_a(text: str) -> Marked | None:
    """`A: 18` at the end of a reply, where it is not the first of several choices."""
    marks = list(_A.finditer(text))
    if not marks:
        return None
    mark = marks[-1]
    line, end = _line(text, mark.end())
    answer = _in_short(first_sentence(line), text[: mark.start()])
    others = _OTHER_CHOICE.search(text, end, end + REACH)
    if others or not answer or _NO_VALUE.match(answer) or not re.search(r"[0-9\\]", answer):
        return None
    return Marked(mark.start(), end, answer)


def _last_sentence(text: str) -> Marked | None:
    for anchor in reversed(list(_ANCHOR.finditer(text))):
        if _SUPPOSED.search(text, max(0, anchor.start() - 60), anchor.start()):
            continue
        place = _behind(text, anchor)
        if place is None:
            continue
        answer, end = _value_at(text, place)
        if answer:
            return Marked(anchor.start(), end, answer)
    return None


def _behind(text: str, anchor: re.Match[str]) -> int | None:
    """Where the answer of a mark begins; None where the word marks none."""
    begin = max(text.rfind("\n", 0, anchor.start()) + 1, anchor.start() - 100)
    head, tail = text[begin : anchor.start()], text[anchor.end() : anchor.end() + 100]
    if anchor["cjk"]:
        sign = re.match(r"[*_\s]{0,4}[:：]?[*_]{0,4}", tail)
        return anchor.end() + (sign.end() if sign else 0)
    is_answer = anchor["word"].lower().startswith(("answer", "r", "ant", "ответ")) and not anchor[
        "word"
    ].lower().startswith("result")
    labels = _LABEL.match(head) is not None
    if colon := _COLON.match(tail):
        if (is_answer and not head.endswith('"')) or (labels and _FINAL.search(head)):
            return anchor.end() + colon.end()
        return None
    if labels and (is_answer or _FINAL.search(head)):
        stands_alone = re.search(r"[*_#]", head) or not head.strip()
        if stands_alone and (heading := _HEADING.match(tail)):
            return anchor.end() + heading.end()
        if dash := _DASH.match(tail):
            return anchor.end() + dash.end()
    if (verb := _VERB.match(tail)) and (_OWNER.search(head) if is_answer else _FINAL.search(head)):
        return anchor.end() + verb.end()
    return None


def _line(text: str, start: int) -> tuple[str, int]:
    end = text.find("\n", start, start + REACH)
    end = min(len(text), start + REACH) if end < 0 else end
    return text[start:end], end


def _value_at(text: str, start: int) -> tuple[str, int]:
    """The answer that begins behind a mark, on its line or the next that is not blank; or ""."""
    opened = _OPENED.match(text, start)
    begin = opened.end() if opened else start
    # What decorates may be part of the answer: the minus of -5, the bars of |x|.
    while begin > start and text[begin - 1] in "-|" and not text[begin : begin + 1].isspace():
        begin -= 1
    for left, right in ((r"\[", r"\]"), ("$$", "$$"), (r"\begin{", r"\end{")):
        if text.startswith(left, begin):
            end = text.find(right, begin + 2, begin + REACH)
            if end < 0:
                return "", begin
            end += len(right) if right != r"\end{" else text.find("}", end, end + 40) - end + 1
            return text[begin:end], end
    if fence := _FENCE.match(text[begin : begin + REACH]):
        return fence[1].strip(), begin + fence.end()
    if _TABLE.match(text, text.rfind("\n", 0, begin) + 1):
        return "", begin
    if listed := _items_at(text, text.rfind("\n", 0, begin) + 1):
        return listed
    line, end = _line(text, begin)
    sentence = first_sentence(line)
    if not sentence or _NO_VALUE.match(sentence) or is_placeholder(clean(sentence)):
        return "", begin
    return _in_short(sentence, text[max(0, start - 2000) : start]), begin + len(sentence)


def _items_at(text: str, begin: int) -> tuple[str, int] | None:
    """The answers that a list of short items gives side by side; None where there is no list."""
    items: list[str] = []
    at = begin
    while len(items) <= MOST_ITEMS and (mark := _ITEM.match(text, at)):
        line, end = _line(text, mark.end())
        items.append(clean(line))
        at = min(end + 1, len(text))
    if not 2 <= len(items) <= MOST_ITEMS or not all(
        re.search(r"[0-9\\]", one) and len(one) <= 60 for one in items
    ):
        return None
    return ", ".join(items), at


_REMARK = re.compile(
    r"[,;]? \(?(?:because|since|as (?:it|the|we|that|there|this|he|she|they)|which|where|so that|so"
    r"|given|due to|for (?:all|any|every|each)|but|though|although|i\.e\.|that is"
    r"|meaning|after|assuming|when|if|by)\b"
    r"|, (?:and )?(?:not|rather|instead)\b"
)
"""Where the reason or a remark begins behind an answer."""
_ABOUT = re.compile(
    r"^(?:(?:about|approximately|around|roughly|approx\.?|nearly|exactly|only|just)\s{1,3}"
    r"|[~≈]\s{0,3})(?=[-$\\0-9])",
    re.IGNORECASE,
)
_CJK_COPULA = re.compile(
    r" ?(?:です|である|だ|(?:に|と)なります|(?:에|이) 됩니다|입니다|이다|예요)[。．.]?$"
)
_PROSE = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")


def _in_short(answer: str, before: str) -> str:
    """The answer without the words around its value; "" where they hold none."""
    answer = clean(answer)
    remark = _REMARK.search(answer)
    if remark and re.search(r"[0-9\\]", answer[: remark.start()]) and not _opens(answer, remark):
        return _in_short(answer[: remark.start()], before)
    plain = re.sub(
        r"\\[A-Za-z]+(?:\{[^{}]{0,60}\})?|\$[^$]{0,200}\$|\\\(.{0,200}?\\\)", " ", answer
    )
    words = _PROSE.findall(plain)
    if len(words) <= 1 or re.fullmatch(r"[0-9.,]+(?: [A-Za-z]+){1,3}", answer):
        return answer
    if " and " in answer and re.fullmatch(r"\S{1,40}(?:, \S{1,40}){0,8},? and \S{1,40}", answer):
        return answer
    if not re.search(r"[0-9\\]", answer):
        return answer if len(words) <= 8 else ""
    return stated(answer, before) or answer


def _opens(answer: str, remark: re.Match[str]) -> bool:
    """Whether a formula or bracket is open where the remark begins."""
    head = answer[: remark.start()]
    return (
        head.count("$") % 2 == 1
        or head.count("(") > head.count(")")
        or head.count("{") > head.count("}")
    )


def clean(answer: str) -> str:
    """Without emphasis, quotes, remarks in brackets and the full stop of the sentence around it."""
    for _round in range(4):
        before = answer
        answer = answer.strip().removesuffix(".").strip().strip("*_`\"'“”’。").strip()
        answer = _ABOUT.sub("", answer)
        answer = re.sub(r"^\.{3}\s?|^…", "", answer)
        answer = re.sub(
            r"(?<=[0-9$}]) [(\[](?=[^()]*[a-z]{3})(?!mod)[^()\[\]]{2,60}[)\]]$", "", answer
        )
        answer = re.sub(r"(?<=[0-9}]) \[[^\[\]]{1,40}\]$", "", answer)
        if answer.count("**") % 2:  # the other half stood at the end
            answer = answer.replace("**", "")
        answer = _CJK_COPULA.sub("", answer)
        answer = re.sub(r"[\s\U0001f300-\U0001faff\u2600-\u27bf]+$", "", answer)
        if answer == before:
            break
    return answer
