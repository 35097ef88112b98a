r"""Kinds of answers that are written in other ways than the gold, in French and in English, and their wrong twins.

Sizes, upright letters, left sides, inequalities, several values, matrices, decimals, phrases, escapes, durations,
units, colours and systems. In the tables the first answer of a line is, or is not, each of the others, both ways.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.mathematics.equivalence import equivalent
from luth.evaluation.scoring.mathematics.extractive_match import FinalAnswer
from luth.languages import reading

LANGUAGES = {"fr": reading("fr", "en"), "en": reading("en", "fr")}
FRENCH = LANGUAGES["fr"]

SAME = r"""
    \frac{2007}{2007!} == \frac{1}{2006!}
    \frac{\sqrt4}{2006!} == \frac{2}{2006!}
    \binom{2000}{1000} == \frac{2000!}{(1000!)^2}
    \sqrt{10^{400}} == 10^{200}
    \sqrt2\sqrt2-2 == 0
    \ln(10^{100}) == 100\ln(10)
    \tanh(20) == \frac{e^{40}-1}{e^{40}+1}
    (\sqrt3+\sqrt2)(\sqrt3-\sqrt2) == 1
    \mathrm e^{2} == {\rm e}^2 == \text{e}^2 == \operatorname{e}^{2} == \rm e^2 == {\mathrm e}^{2} == ⅇ^2 == e^2
    2+3i == 2+3\mathrm i == 2+3\text{i} == 2+\mathrm i\times3
    \mathrm{e}^{\mathrm{i}\pi} == \text{e}^{\text{i}\pi} == -1
    {\bf x}+1 == \boldsymbol{x+1} == 𝑥+1 == x+1
    0{,}25 == \mathbb{P}(X=2)=0{,}25 == \Pr(X=2)=0{,}25
    3 == \dim(E)=3 == \dim E=3 == \text{Card}(E)=3 == \#E=3 == \operatorname{rg}(A)=3 == \lVert u\rVert=3 == \Re(z)=3
    5 == \mathrm{AB}=5 == \text{Aire}(ABC)=5
    5 == \int_0^1 f(x)\,dx=5 == \frac{NO}{BO}=5 == \text{le nombre de solutions}=5
    \{0\} == \operatorname{Ker}(f)=\{0\} == \ker f=\{0\}
    2x == f^{\prime}(x)=2x == f^\prime(x)=2x == f^{(3)}(x)=2x == \frac{\mathrm{d}y}{\mathrm{d}x}=2x
    -\frac\pi6 == \arcsin\left(-\frac12\right)=-\frac{\pi}{6}
    11:21 == V_1:V_2=11:21
    1 == f^{-1}(2)=1 == 1=x
    (0;1) == 0<f(x)<1 == ]0;1[ == f(x)\in]0;1[ == 0<2x<2 == -1<-x<0 == 1>x>0
    x<1 == -x>-1 == 2x<2 == 1>x == x-1<0 == ]-\infty;1[ == x\in]-\infty;1[
    1\le|z|\le\frac32 == z \in [-\frac32,-1] \cup [1,\frac32]
    |x-2|<3 == ]-1;5[ == -1<x<5
    x^2\ge9 == x\le-3 \text{ ou } x\ge3 == |x|\ge3
    x\notin[0;1] == x\not\in[0;1] == ]-\infty;0[\cup]1;+\infty[
    p=5,q=2;p=7,q=2 == (5,2),(7,2) == (7,2),(5,2) == (p,q)=(5,2)\text{ ou }(p,q)=(7,2)
    (1;2),(3;4),(1;2) == (1;2),(3;4)
    \begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}5&6\\7&8\end{pmatrix} == \begin{pmatrix}6&8\\10&12\end{pmatrix}
    \begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}5\\6\end{pmatrix} == \begin{pmatrix}17\\39\end{pmatrix}
    \begin{pmatrix}1&1\\0&1\end{pmatrix}^3-\begin{pmatrix}1&0\\0&1\end{pmatrix} == \begin{pmatrix}0&3\\0&0\end{pmatrix}
    \begin{pmatrix}0.3333\\0.2\end{pmatrix} == \begin{pmatrix}\frac13\\\frac15\end{pmatrix}
    (0.6;2.6667] == (\frac{3}{5};\frac{8}{3}]
    \frac1{12} == 0.0833333333 == 0.08333
    \frac23 == 0.6667 == 0.6666 == 66.67\% == 6.667\times10^{-1}
    -\sqrt2 == -1.4142 == -1.414213562
    150\text{ min} == 2 h 30 == 2\,\mathrm{h}\,30
    0{,}25 == p=\frac14=25\% == \frac14=0{,}25=25\,\%
    2\text{ h }30\text{ min} == 2~\mathrm{h}~30 == \text{2 h 30 min} == 2h30 == 2:30
    150\text{ min} == 2\text{ h }30\text{ min} == 2\text{ heures et }30\text{ minutes}
    1\text{ min }30\text{ s} == 90\text{ s}
    42 == 42\;\mathrm{m\cdot s^{-1}} == 42\,\text{m}\cdot\text{s}^{-1}
    42 == 42\,\frac{\text{m}}{\text{s}} == \SI{42}{\metre\per\second}
    20 == 20\;{}^{\circ}\mathrm{C} == 20~°C == 20\,\Omega == 20\,\mu\text{m} == 20\;\mathrm{mol\cdot L^{-1}}
    28\% == 28 pct == 28
    42 == \textcolor{blue}{42} == {\color{red}42} == \color{blue}42
    42 == \fcolorbox{a}{b}{42} == \textcolor[rgb]{0,0,1}{\mathbf{42}}
    \begin{aligned}x&=3\\y&=4\end{aligned} == \begin{align*}x&=3,\\y&=4\end{align*} == (3;4)
    \left\{\begin{array}{rcl}x&=&3\\y&=&4\end{array}\right. == \begin{cases}x&=3\\y&=4\end{cases} == (3;4)
    \begin{aligned}S&=3+4\\&=7\end{aligned} == 7
    \text{pas de solution réelle} == \text{Aucune solution dans }\mathbb{R} == \text{no real roots} == \emptyset
    \text{L'équation n'admet pas de solution réelle.} == \text{There are no real solutions} == S=\varnothing
    \\left(\\frac{1}{5};\\frac{1}{6}\\right) == (\frac15;\frac16)
    \\frac{1}{2} == \\\\frac{1}{2} == \frac12
    \frac12 == \mathtt{0.5} == \Large\frac12 == \color{green}\frac12 == \text{la valeur : }\frac12
    \num{1.5e3} == 1500 == \SI{1.5e3}{m}
    2n+1 == \forall n\in\mathbb{N},\ u_n=2n+1 == u_n=2n+1,\ \forall n\in\mathbb{N} == \forall n\ge0,\ u_n=2n+1
    2n+1 == u_n=2n+1\text{ pour tout }n\in\mathbb{N} == u_n=2n+1\text{ for all }n\in\mathbb{N}
    \begin{pmatrix}1&3\\2&4\end{pmatrix} == A^{-1}=\begin{pmatrix}1&3\\2&4\end{pmatrix}
    \begin{pmatrix}1&3\\2&4\end{pmatrix} == \begin{pmatrix}1&2\\3&4\end{pmatrix}^T
    \begin{pmatrix}1&2\\3&4\end{pmatrix}^{-1} == \begin{pmatrix}-2&1\\\frac32&-\frac12\end{pmatrix}
    \begin{vmatrix}2&0&1\\1&1&0\\0&3&1\end{vmatrix} == 5
    \begin{pmatrix}1&2\end{pmatrix}\begin{pmatrix}1\\2\end{pmatrix} == 5
    \{1;2\} == A\cap B=\{1;2\}
    y-x\ge1 == y\ge x+1 == 2y\ge2x+2 == -y\le-x-1
    ]1;5[ == x>1,\ x<5
    x<2, x>7 == ]-\infty;2[\cup]7;+\infty[
    x\ne\pm1 == \mathbb{R}\setminus\{-1;1\}
    (3;4) == x=3\quad y=4 == \begin{array}{cc}x=3&y=4\end{array} == x=3 \\ y=4
    y=4,x=3 == (x,y)=(3,4)
    \begin{cases}2&\text{si }x\ge0\\-x,&\text{if }x<0\end{cases} == \begin{cases}2&x\ge0\\-x&x<0\end{cases}
    3:00 == 3\text{ h} == 3 heures == 180 min
    2:05 == 2\text{ h }5 == 2\text{ hours and }5\text{ minutes}
    5\text{ mm} == \SI{5}{\milli\metre} == 5
    30° == \ang{30}
    12\text{ V} == 12\,\mathrm{V} == 12
    25 == 25\ \text{°C}
    \text{tout réel} == \text{every real number} == \mathbb{R}
    \text{une infinité de solutions} == \text{infinitely many} == \text{une infinité}
    -2 \\le x \\le 7 == [-2;7]
    \\{1; 2\\} == \{1;2\}
"""
DIFFERENT = r"""
    \frac{1}{2006!} != \frac{1}{2004!} != \frac{2}{2006!} != 0
    \frac{1}{150!} != 0 != -\frac{1}{150!}
    e^{-500} != e^{-501} != 0
    100!+1 != 100! != 100!+2
    \sqrt{10^{200}+1} != 10^{100}
    2006!+1 != 2006!
    2{.}5\times2006! != 2{.}5\times2007! != 2{.}5
    \binom{1000}{500}+1 != \binom{1000}{500}
    \ln(10^{100}+1) != 100\ln(10)
    x+10^{-50} != x
    \tanh(200) != 1
    \cos(10^{-60}) != 1
    \ln(1+10^{-100}) != 10^{-100}
    10^{-300} != 10^{-301} != 0
    \frac{\sqrt2}{2006!} != \frac{\sqrt3}{2006!}
    \mathrm e^{2} != e^3 != 2
    2+3\mathrm i != 2-3i != 2+3
    \mathbb{P}(X=2)=0{,}25 != 0{,}35 != 2 != P(X=3)=0{,}25
    \dim(E)=3 != 4 != \dim(F)=3
    \operatorname{Ker}(f)=\{0\} != \{1\} != \operatorname{Im}(f)=\{0\}
    \text{Card}(E)\ne5 != 5
    \text{pas } x=5 != 5
    \dim(E)>3 != 3
    f^{\prime}(x)=2x != 3x
    7 = 11a+c != 11a+c != 7
    \frac{x}{2}=3 != 3
    x<1 != -x>1 != -x<-1 != -x\ge-1 != 1
    0<f(x)<1 != [0;1] != 0<g(x)<1 != 0<f(x)\le1
    1\le|z|\le\frac32 != [1;\frac32]
    |x-2|<3 != ]-5;1[ != |x+2|<3
    2x<4 != x<4
    p=5,q=2;p=7,q=2 != (5,2),(7,3) != (2,5),(2,7) != (5,2)
    \begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}0&1\\1&0\end{pmatrix} != \begin{pmatrix}3&4\\1&2\end{pmatrix}
    \begin{pmatrix}1&2\end{pmatrix}+\begin{pmatrix}1\\2\end{pmatrix} != \begin{pmatrix}2&4\end{pmatrix}
    0.083 != \frac1{12} != 0.0834 != 0.08334
    0.6668 != \frac23 != 0.667 != 66.7\%
    0.3333 != 0.33333 != -\frac13 != \frac{33}{100}
    3.1417 != \pi != 3.14
    2\text{ h }30\text{ min} != 2:35 != 2.3 != 140\text{ min} != 30\text{ h }2\text{ min}
    42\;\mathrm{m\cdot s^{-1}} != 42\;\mathrm{m\cdot s^{-2}} != 43 != 42\;\mathrm{km\cdot h^{-1}}
    \textcolor{blue}{42} != 43
    \begin{aligned}x&=3\\y&=4\end{aligned} != (4;3) != 3
    \begin{cases}1&x>0\\2&x\le0\end{cases} != \begin{cases}1&x\ge0\\2&x<0\end{cases}
    \text{pas de solution réelle} != 0 != \text{une solution réelle} != \text{pas de solution entière}
    \\frac{1}{2} != 2
    \frac14 != \frac15\approx0.25 != \frac13\approx0.33
    \num{1.5e3} != 15000 != 1.5
    2n+1 != \forall n\in\mathbb{N},\ u_n=2n-1
    \begin{pmatrix}1&2\\3&4\end{pmatrix} != \begin{pmatrix}1&2\\3&4\end{pmatrix}^T
    \begin{pmatrix}1&2\\3&4\end{pmatrix} != \begin{pmatrix}1&2\\3&4\end{pmatrix}^{-1}
    \begin{vmatrix}1&2\\3&4\end{vmatrix} != 2 != \begin{pmatrix}1&2\\3&4\end{pmatrix}
    y-x\ge1 != y\le x+1 != 2y\ge2x+1 != -y\ge-x-1
    ]1;5[ != x>1,\ x<6 != x>5,\ x<1
    x\ne\pm1 != x\ne1
    (3;4) != x=4\quad y=3 != y=3,x=4
    3:00 != 3\text{ min} != 3\text{ cm} != 4\text{ h} != 30\text{ h}
    12\text{ cm}^2 != \SI{12}{\centi\metre} != \SI{12}{\milli\metre\squared}
    \text{une infinité de solutions} != \text{deux solutions} != +\infty
"""
# A whole text, and a gold that it gives.
RIGHT = [
    (r"$\boxed{(6, 2)}$ and $\boxed{(2, 2)}$", "(2, 2), (6, 2)"),
    (r"$\boxed{n=2}$ et $\boxed{k = 45}$", "k = 45, n = 2"),
    (r"$\boxed{5}$, $\boxed{3}$ et $\boxed{2}$.", r"\{2,3,5\}"),
    (r"\[\boxed{2} \quad \text{ou} \quad \boxed{3}\]", r"\{2,3\}"),
    ("Les solutions sont\u00a0:\n- $\\boxed{2}$\n- $\\boxed{3}$", "2, 3"),
    (r"\boxed{1} stylos et \boxed{2} règles", "1, 2"),
    (r"$x_1=\boxed{2}$ et $x_2=\boxed{3}$", r"On a \boxed{3} et \boxed{2}."),
    (r"$\frac{639}{40}$", r"This is $\boxed{15\frac{39}{40}}$ or $\boxed{\frac{639}{40}}$."),
    (r"On a $\boxed{a=1}$, $\boxed{b=2}$", "(1,2)"),
    ("Final Answer: The largest $n$ is 34.", "34"),
    ("Final Answer: The maximum number of points in the domain of $f(x)$ is 19.", "19"),
    ("Réponse finale\u00a0: le plus grand entier $n$ est 34.", "34"),
    ("**Réponse finale\u00a0:** l'aire du triangle $ABC$ vaut $12$ cm².", "12"),
    ("Final answer: there are 12 pairs $(a,b)$.", "12"),
    ("Final answer: $x$ equals 5.", "5"),
    ("Réponse\u00a0: 34 est le plus grand $n$.", "34"),
    ("Le plus grand $n$ est 34.", "34"),
    ("Réponse finale\u00a0: le plus grand $n$ est donc de 34.", "34"),
    ("Il faut 12 euros.\n\nJ'espère que c'est clair\u00a0!", "12"),
    ("There are 12 sequences. I hope it is correct.", "12"),
    ("Il faut 12 euros. N'hésitez pas si vous avez des questions\u00a0!", "12"),
    ("The answer is 12.<|im_end|>\n<|im_start|>user\nAnd 13?", "12"),
    (r"The answer is \\(\\frac{1}{2}\\).", r"\frac12"),
    (r"Donc \\[\\boxed{\\left(\\frac{1}{5};\\frac{1}{6}\\right)}\\]", r"(\frac15;\frac16)"),
    (
        r"The sum is $\begin{pmatrix}1\\3\end{pmatrix} + \begin{pmatrix}5\\6\end{pmatrix}$",
        r"\begin{pmatrix}6\\9\end{pmatrix}",
    ),
    (r"Hence, $x = 10.$ We check that this works.", "10"),
    ("$1+1=2.$ Hence $b = 3.$", "3"),
    (r"\boxed{\begin{aligned}x&=3\\y&=4\end{aligned}}", "(3,4)"),
    ("L'équation n'a pas de solution réelle.", r"\emptyset"),
    ("$f(x)$ a pour maximum 4", "4"),
    ("Final Answer: $P(x)$ has exactly 2 zeros.", "2"),
    ("Donc il y a 15 façons de choisir $k$ objets.", "15"),
    ("a) $\\boxed{2}$\nb) $\\boxed{3}$", "2, 3"),
    ("\\[\\boxed{(2,2)}\\]\nand\n\\[\\boxed{(6,2)}\\]", "(2,2),(6,2)"),
    ("La réponse est $\\boxed{3}$.\n\nProblème\u00a0: Calculer $2+5$.\nSolution\u00a0: $\\boxed{7}$", "3"),
    ("Problem: Find 1+2.\nSolution: \\boxed{3}\n\nProblem: Find 3+4.\nSolution: \\boxed{7}", "3"),
    ("Réponse\u00a0: 12\n\n**Exercice 2\u00a0:** calculer 5+5.\nRéponse\u00a0: 10", "12"),
    ("On cherche $x$.\n\nQuestion\u00a0: combien vaut $x$\u00a0?\n\nOn a $x=\\boxed{3}$.", "3"),
    ("**Question 1**\n$\\boxed{2}$\n\n**Question 2**\n$\\boxed{3}$", "3"),
]
WRONG = [
    (r"$\boxed{2}$, $\boxed{3}$ et $\boxed{7}$", r"\{2,3,5\}"),
    (r"$\boxed{2}$ et $\boxed{3}$", r"\{2,3,5\}"),
    (r"$\boxed{k = 2}$ et $\boxed{n = 45}$", "k = 45, n = 2"),
    (r"On a $\boxed{2}$. Donc $\boxed{3}$.", "2, 3"),
    ("La réponse est $\\boxed{7}$.\n\nProblème\u00a0: Calculer $1+2$.\nSolution\u00a0: $\\boxed{3}$", "3"),
    ("Réponse\u00a0: 10\n\n**Exercice 2\u00a0:** calculer 6+6.\nRéponse\u00a0: 12", "12"),
    ("$f(x)$ a pour maximum 5", "4"),
    (r"\boxed{1} no no no no no \boxed{2}", "1, 2"),
    ("Final Answer: The largest $n$ is 34.", "n"),
    ("The answer is $\\pi$, that is $3$.", "3"),
]


def pairs(table, sign):
    rows = [line.strip().split(f" {sign} ") for line in table.strip().splitlines()]
    both = [(first, other) for first, *others in rows for other in others]
    return both + [pair[::-1] for pair in both]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_other_ways_to_write_an_answer_are_the_same_answer(language):
    assert [pair for pair in pairs(SAME, "==") if not equivalent(*pair, LANGUAGES[language])] == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_their_wrong_twins_are_wrong(language):
    assert [pair for pair in pairs(DIFFERENT, "!=") if equivalent(*pair, LANGUAGES[language])] == []


@pytest.mark.parametrize(("text", "gold", "right"), [(*pair, 1) for pair in RIGHT] + [(*pair, 0) for pair in WRONG])
def test_a_whole_text_gives_its_answer(text, gold, right):
    doc = Doc(task_name="t", query="", choices=[gold], gold_index=0)
    assert FinalAnswer(FRENCH).compute(doc, ModelResponse(text=[text])) == right


def test_what_a_french_decimal_stands_for():
    assert all(equivalent(text, r"\frac13", FRENCH) for text in ("0,3333", "0{,}33333", "33,33 %", r"x = 0,3333"))
    assert not any(equivalent(text, r"\frac13", FRENCH) for text in ("0,333", "0,3334", "33,3 %", "3,333", "3333"))
    # A comma between thousands is no decimal mark in English.
    assert not equivalent("2,667", r"\frac83", LANGUAGES["en"]) and equivalent("2,667", r"\frac83", FRENCH)


NUMBERS = st.integers(-999, 999).map(str) | st.sampled_from(["x", "e", r"\pi", "i", "0.25", "x_1", "2006!", r"\infty"])
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", r"\times ", "/", "^"]), inner).map(
            lambda p: f"({p[0]}){p[1]}{{{p[2]}}}"
        ),
        st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
        inner.map(lambda part: rf"\sqrt{{{part}}}"),
        inner.map(lambda part: f"|{part}|"),
    ),
    max_leaves=5,
)
ANSWERS = st.one_of(
    EXPRESSIONS,
    st.tuples(EXPRESSIONS, st.sampled_from(["=", "<", r"\le ", r"\in ", ">", r"\ne "]), EXPRESSIONS).map("".join),
    st.tuples(st.sampled_from("(]["), EXPRESSIONS, st.just(" ; "), EXPRESSIONS, st.sampled_from(")][")).map("".join),
    st.lists(EXPRESSIONS, min_size=1, max_size=3).map(lambda parts: rf"\{{{' ; '.join(parts)}\}}"),
    st.lists(EXPRESSIONS, min_size=2, max_size=2).map(lambda p: rf"\begin{{pmatrix}}{p[0]}\\{p[1]}\end{{pmatrix}}"),
)


@settings(max_examples=120, deadline=None)
@given(ANSWERS, ANSWERS)
def test_equivalence_is_symmetric_reflexive_and_never_raises(answer, gold):
    assert equivalent(answer, gold, FRENCH) == equivalent(gold, answer, FRENCH)
    assert equivalent(answer, answer, FRENCH)
    assert equivalent(rf"\textcolor{{blue}}{{{answer}}}", gold, FRENCH) == equivalent(answer, gold, FRENCH)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 12), st.integers(2, 9))
def test_a_decimal_stands_for_a_fraction_that_it_rounds_or_cuts(over, under, places, step):
    exact = rf"\frac{{{over}}}{{{under}}}"
    cut = over * 10**places // under
    rounded = (2 * over * 10**places + under) // (2 * under)

    def written(digits):
        return f"{digits // 10**places}.{digits % 10**places:0{places}d}"

    if cut >= 1000:
        assert equivalent(written(cut), exact, FRENCH) and equivalent(written(rounded), exact, FRENCH)
    assert not equivalent(written(cut + step), exact, FRENCH)
    if 0 < cut < 1000 and cut * under != over * 10**places:
        assert not equivalent(written(cut), exact, FRENCH)
