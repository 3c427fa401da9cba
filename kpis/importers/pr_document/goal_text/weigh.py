"""Which figures of a clause are aimed at, and which only describe: conditions, baselines, means, names.

Three places make a figure the aim, the first that a clause has wins: the share that does something (「採択企業の100%が」),
the figure that the clause ends on or acts upon (「3件とする」「80%を目指す」「4件、」), the count of what is aimed at
(「15件の創出を目指す」). A figure in brackets counts where the clause has no other, or says in brackets what its own comes to.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from kpis.choices import Comparator
from kpis.importers.pr_document.goal_text.figures import Figure, comparator_of

# --- Behind a figure ----------------------------------------------------------------------------------------------------------------

# What stands between a figure and the words that tell its use: closing brackets, a remark in brackets, 程度.
_SKIPPED = re.compile(r"(?:[」』】]|【[^】]*】|\([^()]*(?:\([^()]*\)[^()]*)*\)|\([^()]*$)*(?:程度)?\s?")

# 「採択企業の100%が」: the share that does something.
_WHO = r"企業|者|事業者|自治体|市町村|都道府県|学校|国|団体|組合|案件|課題|テーマ|製品|プロジェクト|機関|施設"
_SHARE = re.compile(rf"(?:の(?:{_WHO})(?:等)?)?(?:が|において|については?|は)(?!、?\d)")

_ENDS_THERE = r"$|[、。,;→/\0\s【]|目標年"
_NEXT_OF_A_LIST = r"(?:や|及び|並びに|または|又は|かつ|・|と)(?=[^\0])"
# に of an aim (3件に増やす), not of a place, a relation or a means
_TO = r"に(?!お[いけ]|対|関|係|向け|応|よ|資|基づ|必要|見合|相当|伴|至っ|ついて)"
# を of an aim (3件を目指す), not of a condition (3件を対象に)
_OBJECT_OF_AIM = r"を(?!対象|有す|前提|活用|用い|もと|基|踏まえ|担う|占め|占む)"
# What is done to reach the figure: 3%の削減, 3件達成
_DEEDS = (
    r"維持|達成|確保|実現|遵守|削減|減少|低減|縮減|短縮|増加|向上|拡大|改善|創出|増|減|実施|上昇|引き?上げ|引き?下げ|以上|超過|抑制|水準|目標"
    r"|普及|置換|高効率|軽量|省|効率"
)
# A verb in kana or a noun that the clause does: 3件増やす, 3件導入する, 3件登録、
_VERB = (
    r"[一-鿿ァ-ヶー]{1,8}(?:する|し|を|$|、|・|させ|に|目指|や|等)"
    r"|[一-鿿]{1,3}[いうきくぎぐしすちつにぬびぶみむりるえけげせてねべめれ]"
    r"|[るりたこ]|よう|す[るべ]|し(?:、|$)|させ|見つけ|増や|減ら|上げ|下げ|伸ば|回(?:る|り)|[A-Za-z]{1,6}(?:を|$|、)"
)
_AIM = re.compile(
    rf"{_ENDS_THERE}|規模(?:で|に|を|、|$)|{_NEXT_OF_A_LIST}|{_TO}|{_OBJECT_OF_AIM}|へ|まで|で(?:あ|の達成|、|$)|の?(?:{_DEEDS})|{_VERB}"
)
# 「3件から5件に」: the state that the aim sets out from.
_SETS_OUT_FROM = re.compile(r"(?:\([^()]*\))?(?:を(?=約?\d)|から|より|→|以上から|程度から)")
# 「3件の創出を」: what is counted.
_COUNTED = re.compile(r"もの|の|から|における|を対象に|で(?=[一-鿿ァ-ヶー])|での|に対(?:して|し|する)|について")
# 「100件のうち」「3年間で」: the figure describes.
_DESCRIBES = re.compile(r"の[^、。\d]{1,14}のうち|の?(?:規模の|うち|間(?:で|に|の)|間隔|範囲|対象|出力|場合|とき|際|条件|期間)|ずつ|前後の")
# 「50%に達する企業」: the figure belongs to a clause that describes a noun.
_RELATIVE = re.compile(r"(?:に|を|へ|まで)[^、。\d]{1,10}?(?:る|た|む)(?!こと|ため|よう|もの|とき|と|見込|等)[一-鿿ァ-ヶー]")
# A list goes on behind the figure.
_LIST = re.compile(
    r"(?:以上)?(?:まで|の?(?:削減|減少|低減|向上|増加|増|減))?(?:\([^()]*\))?(?:[、,;/\0\s]|目標年)"
    r"|(?:や|及び|並びに|または|又は|かつ|・|と)(?!す|し|な|共)"
)
_PREDICATE_ENDS = re.compile(r"[^、\d]{0,14}(?:(?:し|り|とする|する|と)、|こと(?:や|と|及び)|を[A-Za-zァ-ヶー一-鿿\-]{1,10}、)")

# --- Before a figure and around it --------------------------------------------------------------------------------------------------

_BASELINE_BEFORE = re.compile(r"(?:現状|現在|実績|当初|時点で?|基準値|当時|\x01+)[:は値の、(\s]{0,3}\0*$")
_COUNTABLE_BEFORE = re.compile(r"(?:数|率|値|量|額|比|度|点|割合|回数|スコア|指数)(?:を|は|が|:|について|の)?\s?$")
_HOW_FAR_BEFORE = 40

# The clause is the means of the next one: 「…により、」; but not 「…を3件実施することにより」, which aims at something itself.
_MEANS = re.compile(
    r"(?:により|によって|を通じて?|を通して|ことで|ため|に向け(?:て)?|を踏まえ(?:て)?|に基づき|を目的に|として|ながら|を活用し(?:て)?|を用いて)、?$"
)
_IS_DONE = re.compile(r"(?:実施|支援|開催|調査|開発|整備|育成|導入|試作|創出|推進)[^、]{0,8}(?:する|行う)こと(?:により|で|を通じ)、?$")
_MEANS_BEHIND = re.compile(r"を通じ|を通し|に基づ|を踏まえ")
_DURATIONS = ("か月", "ヶ月", "カ月", "ヵ月", "月", "日", "週間", "週", "時間", "分", "秒", "年")

# --- In brackets and quotation marks ------------------------------------------------------------------------------------------------

_QUOTED_AIM = re.compile(r"(?:に(?:到達|する|達)|を(?:目指|達成|目標|実現)|とする|の達成|こと|$|、)")
_DESCRIBING_BRACKETS = re.compile(r"現在|実績|当時|時点|平均|定額|場合|規模|を含む")
_DESCRIBES_A_NOUN = re.compile(r"[一-鿿ァ-ヶー]{0,6}(?:する|した|される|れた|った|いる)(?!こと|よう|もの|とき)(?=[一-鿿ァ-ヶー])")
_COMPARED_BEHIND = re.compile(r"\)(以上|以下|未満|を超え|を上回|を下回)")
_WITH_SUBJECT = re.compile(r"\([^、\d]{2,15}は約?$")
_SAYS_WHAT_IT_COMES_TO = re.compile(r"[^、()]{0,6}\((?:それぞれ|各)?\s?")


def aimed_at(clause: str, found: Iterable[Figure]) -> list[Figure]:
    """The figures of `found` that the clause aims at; `clause` is plain, with words of time blanked out.

    The figures' places count from the beginning of the clause.
    """
    outside, inside = [], []
    for figure in found:
        if _is_in_brackets(clause, figure.start):
            inside.append(figure)
        elif not _is_in_quoted_name(clause, figure):
            outside.append(figure)
    chosen = _chosen(clause, outside)
    told = [_compared_behind(clause, figure) for figure in inside if _counts_in_brackets(clause, figure)]
    if not chosen:
        return told
    if told and all(figure.reduction or figure.unit == "倍" for figure in chosen) and _comes_to(clause, chosen[-1], told[0]):
        return [replace(figure, comparator=Comparator.AT_MOST) if chosen[-1].reduction else figure for figure in told]
    told = [figure for figure in told if _has_a_subject(clause, figure) or _has_an_item_of_its_own(clause, figure, chosen)]
    return sorted([*chosen, *told], key=lambda figure: figure.start)


def depth(text: str, place: int) -> int:
    """How many brackets are open at a place."""
    return text.count("(", 0, place) - text.count(")", 0, place)


# --- Outside brackets ---------------------------------------------------------------------------------------------------------------


def _chosen(clause: str, found: list[Figure]) -> list[Figure]:
    shares, aims, counts = [], [], []
    for figure in found:
        behind = _behind(clause, figure)
        if (_SETS_OUT_FROM.match(clause, behind) and figure is not found[-1]) or _is_baseline(clause, figure):
            continue
        if _DESCRIBES.match(clause, behind):
            continue
        if figure.unit == "%" and _SHARE.match(clause, behind):
            shares.append(figure)
        elif _AIM.match(clause, behind) and (figure.unit or figure.comparator or _is_of_something_countable(clause, figure)):
            aims.append(figure)
        elif _COUNTED.match(clause, behind) or _SHARE.match(clause, behind):
            counts.append(figure)
    if shares:
        return shares
    is_means = bool(_MEANS.search(clause))
    counts = [figure for figure in counts if figure.unit not in ("", *_DURATIONS) and not _is_means(clause, figure, is_means)]
    if len(aims) > 1 or is_means:
        aims = [figure for figure in aims if not _RELATIVE.match(clause, _behind(clause, figure))]
    return _without_conditions(clause, aims, counts) if aims else counts


def _behind(clause: str, figure: Figure) -> int:
    """Where the words begin that tell the use of a figure."""
    skipped = _SKIPPED.match(clause, figure.end)
    return skipped.end() if skipped else figure.end


def _is_baseline(clause: str, figure: Figure) -> bool:
    return bool(_BASELINE_BEFORE.search(clause[max(0, figure.start - _HOW_FAR_BEFORE) : figure.start]))


def _is_of_something_countable(clause: str, figure: Figure) -> bool:
    """Whether a bare number says how many there are of what stands before it: 委員数を2とする, 目標値:100."""
    return bool(_COUNTABLE_BEFORE.search(clause[max(0, figure.start - _HOW_FAR_BEFORE) : figure.start]))


def _is_means(clause: str, figure: Figure, is_means: bool) -> bool:
    """Whether the figure stands in the words that say by what something is aimed at."""
    return bool(_MEANS_BEHIND.search(clause, figure.end)) or (is_means and not _IS_DONE.search(clause, figure.end))


def _without_conditions(clause: str, aims: list[Figure], counts: list[Figure]) -> list[Figure]:
    """The last figure, and those before it that a list goes on from: 「…を獲得した者の割合を90%」 has one aim, 「4件、3件」 two."""
    last = aims[-1]
    kept = [figure for figure in aims[:-1] if _goes_on(clause, figure)]
    after = [figure for figure in counts if figure.start > last.end and _LIST.match(clause, _behind(clause, last))]
    return [*kept, last, *after]


def _goes_on(clause: str, figure: Figure) -> bool:
    """Whether a list goes on after the figure."""
    return bool(_LIST.match(clause, _behind(clause, figure)) or _PREDICATE_ENDS.match(clause, figure.end))


# --- In brackets and quotation marks ------------------------------------------------------------------------------------------------


def _is_in_brackets(clause: str, place: int) -> bool:
    return depth(clause, place) != 0


def _is_in_quoted_name(clause: str, figure: Figure) -> bool:
    """Whether the figure stands in quotation marks that name something, and are not themselves the aim."""
    if clause.count("「", 0, figure.start) <= clause.count("」", 0, figure.start):
        return False
    closing = clause.find("」", figure.end)
    return closing >= 0 and not _QUOTED_AIM.match(clause, closing + 1)


def _counts_in_brackets(clause: str, figure: Figure) -> bool:
    """Whether a figure in brackets may be an aim: it has a unit, and its brackets do not describe (現状10%)."""
    opening, closing = clause.rfind("(", 0, figure.start), clause.find(")", figure.end)
    words = clause[opening + 1 : closing if closing >= 0 else len(clause)]
    if _DESCRIBING_BRACKETS.search(words) or ("現状" in words and figure.unit != "倍"):
        return False
    if _DESCRIBES_A_NOUN.match(clause, figure.end):
        return False
    ends_there = clause[figure.end : figure.end + 1] in (")", "、", ",", "")
    return bool(figure.unit) and (ends_there or bool(_AIM.match(clause, figure.end)))


def _compared_behind(clause: str, figure: Figure) -> Figure:
    """「前年度(85.2%)を上回る」: the comparator stands behind the brackets."""
    behind = _COMPARED_BEHIND.match(clause, figure.end)
    return replace(figure, comparator=comparator_of(behind[1]) or figure.comparator) if behind else figure


def _comes_to(clause: str, relative: Figure, told: Figure) -> bool:
    """Whether brackets right after a relative aim say what it comes to: 半減する(各20,000件、100件)."""
    return bool(_SAYS_WHAT_IT_COMES_TO.fullmatch(clause, relative.end, told.start))


def _has_a_subject(clause: str, figure: Figure) -> bool:
    """Whether brackets name what their figure is of: 「就業率を80%(女性は75%)」."""
    opening = clause.rfind("(", 0, figure.start)
    return bool(_WITH_SUBJECT.fullmatch(clause, opening, figure.start)) if opening >= 0 else False


def _has_an_item_of_its_own(clause: str, figure: Figure, chosen: list[Figure]) -> bool:
    """Whether an item of a list has this figure in brackets and none outside: 「リチウム10万トン、レアアース(軽希土類1万トン)」."""
    before = [other for other in chosen if other.end <= figure.start]
    if len(chosen) < 2 or len(before) < len(chosen):
        return False
    return "、" in clause[before[-1].end : figure.start].split("(")[0]
