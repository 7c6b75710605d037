"""What every backend that runs programs here does alike."""

from __future__ import annotations

from labeler.driver.requests import Failed, Limits, Run, TestResult, TestStatus
from labeler.sandbox.base import Sandbox
from tests.sandbox.conftest import ran

PASSED = TestResult(TestStatus.PASSED)
SHORT = Limits(cpu_s=0.3, wall_s=20)


def test_a_script_reads_stdin_and_files_and_says_how_it_ended(sandbox: Sandbox) -> None:
    program = (
        "import sys\nprint(input(), open('notes/a.txt').read())\n"
        "print('no', file=sys.stderr)\nsys.exit(3)"
    )
    [reply] = ran(sandbox, Run(program, stdin="one\n", files=(("notes/a.txt", "two"),)))
    assert (reply.ended, reply.exit_code, reply.stdout, reply.stderr) == (
        "exited", 3, "one two\n", "no\n",
    )  # fmt: skip
    assert reply.peak_bytes > 1 << 20
    assert reply.isolation == sandbox.isolation != ""


def test_an_exception_is_shown_without_our_own_frames(sandbox: Sandbox) -> None:
    [reply] = ran(sandbox, Run("def f():\n    return 1 / 0\nf()"))
    assert (reply.exit_code, reply.stderr) == (
        1,
        'Traceback (most recent call last):\n  File "<solution>", line 3, in <module>\n'
        '  File "<solution>", line 2, in f\nZeroDivisionError: division by zero\n',
    )


def test_each_test_has_a_result_of_its_own(sandbox: Sandbox) -> None:
    program = "def double(x):\n    return x * 2\n"
    tests = ("assert double(2) == 4", "assert double(2) == 5", "double(None)", "assert (")
    [reply] = ran(sandbox, Run(program, tests))
    assert reply.ended == "finished"
    assert reply.tests == (
        PASSED,
        TestResult(TestStatus.FAILED, "AssertionError"),
        TestResult(
            TestStatus.FAILED, "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'"
        ),
        TestResult(
            TestStatus.UNTESTED,
            "the test is no program: SyntaxError: '(' was never closed (<test>, line 1)",
        ),
    )


def test_values_arrive_as_what_they_are(sandbox: Sandbox) -> None:
    program = "def same(x):\n    return x\n"
    values = [
        "[1, 2.5, 'ä', None, True]", "(1, (2,))", "{1, 2}", "{'a': {1: (2,)}, (3, 4): []}",
        "b'\\x00\\xff'", "10**40", "-(2**63)", "1j", "range(3)", "frozenset({1})", "float('inf')",
        "[[[]]] * 3", "int", "{1: 2}.keys() | set()",
    ]  # fmt: skip
    tests = tuple(
        f"got = same({value})\nassert got == {value} and type(got) is type({value})"
        for value in values
    )
    [reply] = ran(sandbox, Run(program, tests))
    assert reply.tests == (PASSED,) * len(values)


def test_what_a_call_does_to_its_arguments_is_seen(sandbox: Sandbox) -> None:
    program = "def add(xs, d):\n    xs.append(len(xs))\n    d['n'] = len(xs)\n"
    test = "xs, d = [5], {}\nadd(xs, d)\nassert (xs, d) == ([5, 1], {'n': 2})"
    assert ran(sandbox, Run(program, (test,)))[0].tests == (PASSED,)


def test_objects_of_the_program_can_be_made_linked_iterated_and_passed_back(
    sandbox: Sandbox,
) -> None:
    program = (
        "class Node:\n    def __init__(self, v): self.v, self.next = v, None\n"
        "def walk(node):\n    while node:\n        yield node.v\n        node = node.next\n"
    )
    test = "a = Node(1)\na.next = Node(2)\nassert list(walk(a)) == [1, 2] and a.next.v == 2"
    assert ran(sandbox, Run(program, (test,)))[0].tests == (PASSED,)


def test_exceptions_of_the_program_can_be_expected(sandbox: Sandbox) -> None:
    program = "def f(x):\n    raise ValueError('no')\n"
    test = "try:\n    f(1)\nexcept ValueError as e:\n    assert str(e) == 'no'\nelse:\n    assert 0"
    assert ran(sandbox, Run(program, (test,)))[0].tests == (PASSED,)


def test_names_of_python_are_pythons_unless_the_tests_mean_the_programs(sandbox: Sandbox) -> None:
    program = "def sum(a, b):\n    return a + b\n\ndef abs(x):\n    return 0\n"
    tests = ("assert sum(1, 2) == 3", "assert abs(-5) == 5")
    [as_entry, not_entry] = ran(sandbox, Run(program, tests, ("sum",)), Run(program, tests))
    assert as_entry.tests == (PASSED, PASSED)
    assert [tested.result for tested in not_entry.tests] == [TestStatus.FAILED, TestStatus.PASSED]


def test_a_function_of_the_test_cannot_be_sent_and_that_is_nobodys_fault(sandbox: Sandbox) -> None:
    [reply] = ran(sandbox, Run("def f(g): return g(1)", ("assert f(lambda x: x) == 1",)))
    assert reply.tests == (
        TestResult(TestStatus.UNTESTED, "a test's function cannot be sent to the program"),
    )


def test_limits_end_a_program_and_say_which(sandbox: Sandbox) -> None:
    loops = Run("def f(): \n    while True: pass", ("f()", "f()"), limits=SHORT)
    sleeps = Run("import time; time.sleep(60)", limits=Limits(wall_s=0.5))
    eats = Run("x = bytearray(10**9)")
    crashes = Run("import ctypes; ctypes.string_at(0)", ("f()",))
    looped, slept, ate, crashed = ran(sandbox, loops, sleeps, eats, crashes)
    assert (looped.ended, looped.tests) == (
        "cpu", (TestResult(TestStatus.FAILED, "program ended: cpu"),),
    )  # fmt: skip
    assert slept.ended == "wall"
    assert (ate.exit_code, ate.stderr.splitlines()[-1]) == (1, "MemoryError")
    assert (crashed.ended, crashed.exit_code) == ("signalled", -11)


def test_output_is_kept_up_to_its_limit_and_a_flood_is_no_fault(sandbox: Sandbox) -> None:
    program = "print('x' * 10**6)\ndef f(): return 1"
    [reply] = ran(sandbox, Run(program, ("assert f() == 1",), limits=Limits(output_bytes=5)))
    assert (reply.stdout, reply.tests) == ("xxxxx", (PASSED,))


def test_the_lines_that_ran_are_recorded(sandbox: Sandbox) -> None:
    program = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    [reply] = ran(sandbox, Run(program, ("assert f(1) == 1",), coverage=True))
    assert reply.covered == (1, 2, 3)


def test_the_same_program_gives_the_same_answer(sandbox: Sandbox) -> None:
    program = "import random\nprint(list({'a', 'b', 'c', 'd'}), random.random())"
    outputs = {reply.stdout for reply in ran(sandbox, *[Run(program)] * 3)}
    assert len(outputs) == 1


def test_a_file_outside_the_working_folder_is_refused(sandbox: Sandbox) -> None:
    [reply] = ran(sandbox, Run("", files=(("../x", ""),)))
    assert reply == Failed("file '../x': names are relative to the working directory")
