"""`steps: auto`: where replies of chat models are cut, and where never."""
# ruff: noqa: E501  (a layout and its steps are read side by side)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.steps.auto import MOST, split_auto

LAYOUTS = {
    "paragraphs": ("6 * 7 = 42.\n\n42 - 2 = 40.\n\nThe answer is 40.",
                   ("6 * 7 = 42.\n\n", "42 - 2 = 40.\n\n", "The answer is 40.")),
    "list items": ("The plan is this:\n1. 6 * 7 = 42.\n2. 42 - 2 = 40.\nAnswer: 40",
                   ("The plan is this:\n1. 6 * 7 = 42.\n", "2. 42 - 2 = 40.\n", "Answer: 40")),
    "items with what belongs to them":
        ("1. **Apples**\n   - Ann has 3.\n   - Bob has 4.\n\n2. **Pears**\n\n   \\[ 5 + 1 = 6 \\]\n",
         ("1. **Apples**\n   - Ann has 3.\n   - Bob has 4.\n\n",
          "2. **Pears**\n\n   \\[ 5 + 1 = 6 \\]\n")),
    "headings": ("## Cost\n\n3 * 4 = 12\n\n**Change:**\n\n20 - 12 = 8\n\nStep 3: Answer\n8 dollars",
                 ("## Cost\n\n3 * 4 = 12\n\n", "**Change:**\n\n20 - 12 = 8\n\n",
                  "Step 3: Answer\n8 dollars")),
    "a bold result is no heading": ("So 20 - 12 = 8.\n\n**x = 8**", ("So 20 - 12 = 8.\n\n", "**x = 8**")),
    "a heading that nothing follows": ("20 - 12 = 8.\n\n### Done", ("20 - 12 = 8.\n\n### Done",)),
    "GSM8K's last line": ("20 - 12 = 8\n#### 8", ("20 - 12 = 8\n", "#### 8")),
    "rules": ("3 * 4 = 12\n\n---\n\n20 - 12 = 8\n\n***\n", ("3 * 4 = 12\n\n", "---\n\n20 - 12 = 8\n\n***\n")),
    "a display with blank lines": ("We find\n\n\\[\n3 + 2\n\n= 5\n\\]\n\nso there are 5.\n\nAnswer: 5",
                                   ("We find\n\n\\[\n3 + 2\n\n= 5\n\\]\n\nso there are 5.\n\n", "Answer: 5")),
    "an environment": ("Then\n\\begin{align}\na &= 1\n\n\\\\[2pt]\nb &= 2\n\\end{align}\n\nAnswer: 3",
                       ("Then\n\\begin{align}\na &= 1\n\n\\\\[2pt]\nb &= 2\n\\end{align}\n\n", "Answer: 3")),
    "dollars": ("We get\n\n$$\nx\n\n= 5\n$$\n\nAnswer: 5", ("We get\n\n$$\nx\n\n= 5\n$$\n\n", "Answer: 5")),
    "code": ("We run\n\n```python\na = 3\n\n# not a heading\nprint(a)\n```\n\nAnswer: 3",
             ("We run\n\n```python\na = 3\n\n# not a heading\nprint(a)\n```\n\n", "Answer: 3")),
    "code that was cut off": ("We run:\n\n```\na = 3\n\nb = 4", ("We run:\n\n```\na = 3\n\nb = 4",)),
    "a display that was cut off": ("So:\n\n\\[\na = 3\n\nb = 4", ("So:\n\n\\[\na = 3\n\nb = 4",)),
    "indented code": ("We run\n\n    a = 3\n\n    print(a)\n\nAnswer: 3", ("We run\n\n    a = 3\n\n    print(a)\n\n", "Answer: 3")),
    "a table": ("The costs are\n\n| day | cost |\n|---|---|\n| 1 | 3 |\n\nThat is 3.",
                ("The costs are\n\n| day | cost |\n|---|---|\n| 1 | 3 |\n\n", "That is 3.")),
    "carriage returns": ("3 + 2 = 5.\r\n\r\n5 * 2 = 10.\r\n\r\nAnswer: 10",
                         ("3 + 2 = 5.\r\n\r\n", "5 * 2 = 10.\r\n\r\n", "Answer: 10")),
    "blank lines with spaces": ("3 + 2 = 5.\n \t\n5 * 2 = 10.\n \nAnswer: 10",
                                ("3 + 2 = 5.\n \t\n", "5 * 2 = 10.\n \n", "Answer: 10")),
    "lines": ("Ann has 3.\nBob has 4, which\nis one more.\nTogether 7.",
              ("Ann has 3.\n", "Bob has 4, which\nis one more.\n", "Together 7.")),
    "lines that are sentences, beside a blank one":
        ("Ann has 3.\nBob has 4.\nTogether 7 are\nthere.\n\nThe answer is 7.",
         ("Ann has 3.\n", "Bob has 4.\n", "Together 7 are\nthere.\n\n", "The answer is 7.")),
    "what stands under a step's title":
        ("Step 1: Find the total.\nIt is 3 + 4 = 7.\nSo 7.\n\nStep 2: Halve it.\n7 / 2 = 3.5.",
         ("Step 1: Find the total.\nIt is 3 + 4 = 7.\nSo 7.\n\n", "Step 2: Halve it.\n7 / 2 = 3.5.")),
    "what stands under a step's title, in lines":
        ("Step 1: Find the total.\n3 + 4 = 7.\nStep 2: Halve it.\n7 / 2 = 3.5.\n#### 3.5",
         ("Step 1: Find the total.\n3 + 4 = 7.\n", "Step 2: Halve it.\n7 / 2 = 3.5.\n", "#### 3.5")),
    "steps' titles as headings, in lines":
        ("### Step 1\n3 + 4 = 7\nIt is 7\n### Step 2\n7 / 2 = 3.5\nFinal answer: 3.5",
         ("### Step 1\n3 + 4 = 7\nIt is 7\n", "### Step 2\n7 / 2 = 3.5\n", "Final answer: 3.5")),
    "steps that say all in their line":
        ("Step 1: 3 + 4 = 7\nStep 2: 7 / 2 = 3.5\nThe answer is 3.5.",
         ("Step 1: 3 + 4 = 7\n", "Step 2: 7 / 2 = 3.5\n", "The answer is 3.5.")),
    "tags in lines": ("<step>\n3 + 4 = 7.\n</step>\n<step id=\"2\">\n7 / 2 = 3.5.\n</step>\n<answer>\n3.5\n</answer>",
                      ("<step>\n3 + 4 = 7.\n</step>\n", "<step id=\"2\">\n7 / 2 = 3.5.\n</step>\n",
                       "<answer>\n3.5\n</answer>")),
    "tags around paragraphs": ("<solution>\nWe add: 3 + 4 = 7.\n\n7 / 2 = 3.5.\n</solution>\n\n<answer>3.5</answer>",
                               ("<solution>\nWe add: 3 + 4 = 7.\n\n", "7 / 2 = 3.5.\n</solution>\n\n",
                                "<answer>3.5</answer>")),
    "spaces inside of dollars": ("So $ x = 3. $ Then $y$ is 4. That is all.",
                                 ("So $ x = 3. $ Then $y$ is 4.", " That is all.")),
    "GSM8K's answer before another line": ("20 - 12 = 8\n#### 8\nThe answer is: 8",
                                           ("20 - 12 = 8\n", "#### 8\n", "The answer is: 8")),
    "one line": ("Mr. Ito has 3.5 kg, e.g. 3. Then $a. B$ is 2. The answer is 5.",
                 ("Mr. Ito has 3.5 kg, e.g. 3.", " Then $a. B$ is 2.", " The answer is 5.")),
    "one line without spaces": ("三加二等于五。答案是五。", ("三加二等于五。", "答案是五。")),
    "what shows nothing": ("\n\n6 * 7 = 42\n\n**\n\nAnswer: 42\n\n",
                           ("\n\n6 * 7 = 42\n\n", "**\n\nAnswer: 42\n\n")),
    "announcements": ("Let's break this down step-by-step:\n\n3 + 2 = 5.\n\nAnswer: 5",
                      ("Let's break this down step-by-step:\n\n3 + 2 = 5.\n\n", "Answer: 5")),
    "thinking": ("<think>\n3 + 2 = 6?\n\nNo, 5.\n</think>\n\nThe sum is 5.\n\nAnswer: 5",
                 ("<think>\n3 + 2 = 6?\n\n", "No, 5.\n</think>\n\n", "The sum is 5.\n\n", "Answer: 5")),
    "the end of thinking in a line": ("3 + 2 = 6? No, 5.</think>It is 5.",
                                      ("3 + 2 = 6?", " No, 5.</think>", "It is 5.")),
    "nobody thought": ("<think>\n\n</think>\n\n3 + 2 = 5.\n\nAnswer: 5",
                       ("<think>\n\n</think>\n\n3 + 2 = 5.\n\n", "Answer: 5")),
    "steps named in Chinese": ("步骤一：计算总数。\n3+4=7\n\n步骤二：再乘以2。\n7×2=14\n\n所以答案是14。",
                               ("步骤一：计算总数。\n3+4=7\n\n", "步骤二：再乘以2。\n7×2=14\n\n", "所以答案是14。")),
    "steps named in German, in lines": ("Schritt 1: Wir addieren.\n3 + 4 = 7.\nSchritt 2: Wir verdoppeln.\n7 * 2 = 14.\nAntwort: 14",
                                        ("Schritt 1: Wir addieren.\n3 + 4 = 7.\n", "Schritt 2: Wir verdoppeln.\n7 * 2 = 14.\n", "Antwort: 14")),
    "an environment of items": ("We go on as follows.\n\\begin{enumerate}\n\\item Add: $3+4=7$.\n\\item[(b)] Double: $14$.\n\\end{enumerate}\nSo it is 14.",
                                ("We go on as follows.\n", "\\begin{enumerate}\n\\item Add: $3+4=7$.\n", "\\item[(b)] Double: $14$.\n\\end{enumerate}\n", "So it is 14.")),
    "an environment of text": ("\\begin{proof}\nLet $a = 2k$.\n\nThen $a^2 = 4k^2$.\n\\end{proof}",
                               ("\\begin{proof}\nLet $a = 2k$.\n\n", "Then $a^2 = 4k^2$.\n\\end{proof}")),
    "a formula that a line break falls into": ("We have $(a+r)^2 =\na(a+3r)$, so $r=a$.\nThen $d = a + 3a >\n0$.",
                                               ("We have $(a+r)^2 =\na(a+3r)$, so $r=a$.\n", "Then $d = a + 3a >\n0$.")),
    "prices at a line break": ("Ann pays $5 to\nBob, who pays $4.\nTogether $9.", ("Ann pays $5 to\n", "Bob, who pays $4.\n", "Together $9.")),
    "a display between single dollars": ("So\n$\n\\begin{aligned}\na &= 1\n\nb &= 2\n\\end{aligned}\n$\nDone now.",
                                         ("So\n$\n\\begin{aligned}\na &= 1\n\nb &= 2\n\\end{aligned}\n$\n", "Done now.")),
    "a formula that ends behind a space": ("It is $\\binom{12}{9}=\\boxed{220}. $ That is all.",
                                           ("It is $\\binom{12}{9}=\\boxed{220}. $ That is all.",)),
    "a list in one line": ("1. Add 3 and 4: 7. 2. Double it: 14. 3. Answer: 14.",
                           ("1. Add 3 and 4: 7.", " 2. Double it: 14.", " 3. Answer: 14.")),
    "a paragraph of HTML each": ("<p>Add: 7.</p><p>Double: 14.<br>Answer: 14</p>", ("<p>Add: 7.</p>", "<p>Double: 14.<br>", "Answer: 14</p>")),
    "a column that is added up": ("Add:\n  12\n+ 30\n----\n  42\n\nSo it is 42.", ("Add:\n  12\n+ 30\n----\n  42\n\n", "So it is 42.")),
    "paragraphs of a quote": ("> Add: 7.\n>\n> Double: 14.\n\nAnswer: 14", ("> Add: 7.\n>\n", "> Double: 14.\n\n", "Answer: 14")),
    "nothing": (" \n", ()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "steps"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_reply_is_cut_where_it_breaks_off_itself(text, steps):
    assert split_auto(text) == steps


@pytest.mark.parametrize("text", [text for text, _ in LAYOUTS.values()], ids=LAYOUTS)
def test_the_rest_is_split_behind_a_step_as_within_the_whole(text):
    steps = split_auto(text)
    for n in range(1, len(steps)):
        assert split_auto("".join(steps[n:]), steps[n - 1]) == steps[n:]


MARKUP = st.sampled_from(
    ["a", "B. ", "x = 5", "\n", "\n\n", "\r\n", " ", "  ", "- ", "1. ", "# ", "---\n", "```\n", "$$",
     "$", "\\[", "\\]", "\\begin{a}", "\\end{a}", "| a |\n", "<think>", "</think>", "**", ":", "\\\\"]
)  # fmt: skip


@given(st.lists(MARKUP, max_size=40).map("".join))
def test_joining_gives_the_text_back(text):
    steps = split_auto(text)
    assert "".join(steps) == (text if text.strip() else "")
    assert all(step.strip() for step in steps)


def test_a_long_paragraph_is_cut_at_lines_then_sentences_then_words():
    line = "We go on with it, and on and on."
    for joint in ("\n", " ", " and "):
        # Lines that were wrapped; one that ends a sentence would be a step by itself.
        text = "Intro.\n\n" + joint.join([line if joint == " " else line.rstrip(".")] * 500)
        steps = split_auto(text)
        assert "".join(steps) == text
        assert max(map(len, steps)) <= MOST
        assert min(map(len, steps[1:-1])) > MOST / 4


def test_what_is_whole_is_not_cut_however_long_it_is():
    code = "```\n" + "x = 1\n\n" * MOST + "```\n\n"
    assert split_auto(code + "Done, it is 1.") == (code, "Done, it is 1.")


@pytest.mark.parametrize(
    "piece",
    ["Step is 5.\n\n", "It is 5. ", "\\[", "$$ ", "```\n", "\\( a ", "\\begin{a}", "\n", "a\n",
     "<think>", ".", '"', "- a\n", "| a |\n", "x. "],
)  # fmt: skip
def test_a_long_text_is_split(piece):
    """A splitter that looks back from each line, or mark, would not end with it."""
    text = "So.\n" + piece * (100_000 // len(piece))
    assert "".join(split_auto(text)) == text
