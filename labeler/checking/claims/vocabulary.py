"""Words that mean something to the grammar."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


FUNCTION_WORDS = words("log lg ln sin cos tan cot arcsin arccos arctan sqrt cbrt exp")
"""Functions that may be written without LaTeX's sign or brackets; `sec` is a unit."""

NUMBER_WORDS = FUNCTION_WORDS | words(
    "dozen dozens hundred hundreds thousand thousands million millions billion billions "
    "trillion k half halves third thirds quarter quarters fifth tenth percent percentage "
    "twice double triple times more less fewer and plus minus of or to squared cubed "
    "remainder r out divided multiplied by over per mod x score pair pairs base degrees "
    "than if when because since so then but while is are was were has have had be been will "
    "would can could makes make equals which who where costs cost gives give get gets "
    "factorial choose twos threes fours fives sixes sevens eights nines tens twenties fifties "
    "doubled tripled halved grand"
)
"""Words that carry arithmetic or split a sentence: behind a number they are no unit."""

UNIT_FAMILIES = tuple(
    words(family)
    for family in (
        "second seconds sec minute minutes min hour hours hr hrs day days week weeks month months "
        "mo year years yr yrs decade decades century fortnight fortnights",
        "mm millimeters cm centimeter centimeters m meter meters metres km kilometer kilometers "
        "inch inches in ft foot feet yard yards yd mile miles mi",
        "g gram grams kg kilogram kilograms mg oz ounce ounces lb lbs pound pounds ton tons",
        "oz ounce ounces ml l liter liters cup cups pint pints quart quarts gallon gallons "
        "tablespoon tablespoons tbsp teaspoon teaspoons tsp",
        "$ dollar dollars cent cents c penny pennies nickel nickels dime dimes quarters "
        "pound pounds shilling shillings pence",
    )
)
"""Units that convert into each other: time, length, mass, volume, money."""
UNIT_WORDS = frozenset().union(*UNIT_FAMILIES) | {"person", "student", "item"}

KNOWN_UNITS = UNIT_WORDS | words(
    "am pm kb mb gb tb kbs mbs gbs hz khz mhz kw kwh mw gw mah ma amp amps v kv ev ohm "
    "pa kpa atm mol "
    "cal kcal nm um µm dm sq ppm rpm mph kph kmh bpm fps psi hp oz ozs pt pts qt qts "
    "gal gals pcs pc "
    "ppl yrs yr pgs pg hrs hr min mins sec secs ms ns km kms cm cms mm mms ft ins lbs "
    "kg kgs gms mg ml "
    "mls cc tbs tsp tsps cl dl ha ac px dpi doz dz ea wk wks mos qtr qtrs cts ct usd "
    "eur gbp cad k ks s "
    "bn mil mm h th nd rd st x"
)
"""Short ways to write a unit, which no product of unknowns is mistaken for in plain text."""

UNIT_LETTERS = words(
    "days feet cups mile inch cm mm km ft in yd mi kg mg lb lbs oz ml mL dm hr hrs min sec "
    "mph kph rpm"
)
"""Letters in mathematics that are a unit and no product."""

TYING_WORDS = FUNCTION_WORDS | words(
    "plus minus times by over twice double triple half quarter third per than squared cubed "
    "negative minus divided multiplied subtracting adding choose"
)
OPERATION_WORDS = words(
    "square squares cube cubes root roots power magnitude reciprocal inverse opposite "
    "negative complement supplement average mean median logarithm sine cosine tangent factorial"
)
"""Words that, with an "of", do something to the value behind them."""
LABEL_WORDS = words(
    "step part case question problem example method option page chapter section line "
    "equation eq row "
    "formula fact lemma theorem figure table condition item statement rule property axiom exercise"
)
"""Words that a number behind them names."""
NAMING_WORDS = LABEL_WORDS | words(
    "day week month year hour grade level room floor lesson round game team player lap stage phase "
    "trial seat gate lane platform box bag jar group class door plan route period shift season"
)
"""Nouns in the singular: a number behind one names it, and is not to be calculated with."""
RANGE_WORDS = LABEL_WORDS | words(
    "pages p pp chapters sections questions problems exercises steps items numbers rows row lines "
    "line columns column days weeks months years ages aged grades levels lessons verses floors "
    "seats rooms rounds games from between"
)
"""Words that a range of numbers may stand behind."""
CLAUSE_WORDS = words("get gets give gives obtain obtains find yields yield have has so then")
"""Words with which a statement begins anew."""
LEADING_WORDS = words("so thus then therefore hence the and now finally")
SENTENCE_WORDS = words("and or to if when than for as at in is are")


FOLLOWING_WORDS = words(
    "so thus then therefore hence and we get have can this gives give us is which means "
    "simplifying simplify simplifies simplified to the equation solving solve for both "
    "sides of by from dividing divide divided subtracting subtract adding add multiplying "
    "multiply combining combine like terms isolate isolating expanding expand distributing "
    "distribute rearranging rearrange rewrite rewriting now finally next yields obtain "
    "obtaining find value that it be as follows following in let s ll side left right hand "
    "further simplification"
)
"""Words that may stand between two equations of which the second follows from the first alone."""
FUNCTIONS = words("sqrt sin cos tan cot sec csc log ln exp gcd lcm max min binom frac")
OPERATORS = {
    "times": "*", "cdot": "*", "div": "/", "ast": "*", "bullet": "*", "pm": "±",
    "over": "unsupported",
}  # fmt: skip
RELATIONS = {
    "approx": "~", "thickapprox": "~", "simeq": "~", "doteq": "~", "sim": "other",
    "ne": "!=", "neq": "!=", "le": "<=", "leq": "<=", "leqslant": "<=",
    "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">",
    "equiv": "unsupported", "cong": "other", "propto": "other", "in": "other", "subset": "other",
}  # fmt: skip
BOUNDARIES = words(
    "implies Rightarrow Longrightarrow iff Leftrightarrow to rightarrow longrightarrow "
    "therefore because land lor wedge vee"
)
IGNORED = words(
    "left right displaystyle textstyle limits big Big bigg Bigg bigl bigr Bigl Bigr biggl "
    "biggr Biggl Biggr nonumber hfill mathrm mathbf textbf text mbox textrm mathit "
    "boldsymbol bf rm it textit hbox underline boxed fbox color"
)
PROSE_GROUPS = words("text mbox textrm textbf textit mathrm hbox")
GREEK = words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu "
    "nu xi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma "
    "Phi Psi Omega ell"
)
