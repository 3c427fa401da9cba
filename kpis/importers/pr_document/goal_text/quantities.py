"""Comparator, unit and accumulation of a quantitative target, from the words around its figure. (DOMAIN.md §3.)

At least, unless the text says otherwise or less is plainly better. A count without 累計 is assumed to be a running total
where it counts what is made or achieved, else a level; what its own words rule out as a total is a level for certain
(docs/readings.md, conventions 2 and 3).
"""

import re

from kpis.choices import Accumulation, Comparator
from kpis.importers.pr_document.goal_text.figures import Figure

# --- Which way is better ------------------------------------------------------------------------------------------------------------

_LESS_IS_BETTER = re.compile(
    r"日数|期間|所要時間|処理時間|待ち?時間|残業時間|労働時間|時間以上の|コスト|費用|原価|価格差|負担割合|依存度|赤字|滞納|未納|損失|ロス"
    r"|事故|死者|死亡|死傷|負傷|被害|火災|犯罪|再犯|違反|苦情|誤り|誤差|不良|不具合|欠陥|トラブル|支障|遅延|中止|失敗|停電|漏水|漏え?い|汚染"
    r"|障害件数|災害件数|排出量|廃棄|超過率|超過者|破綻|離職|倒産|失業|貧困|自殺|いじめ|不登校|虐待|孤立|待機児童|未処理|滞留|空き家|再配達"
    r"|感染者|患者|罹患|発病|有病|喫煙|飲酒|食塩|塩分"
)
# 「事故の防止」, 「苦情の解決」: more of that is better.
_AGAINST_IT = re.compile(
    r"(?:削減|低減|短縮|改善|減少|抑制|防止|対策|検挙|解決|処分|回収|復旧|完了|達成|実施|整備|設置|支援|相談|対応|満足|理解|認知)[^の]{0,6}$"
)
_HEAD_WORD = re.compile(r"(?:発生)?(?:件数|人数|者数|数|割合|比率|率|量|額|値|平均値|総数|回数)$")
_LONGEST_NAME = 120
_PARTS_OF_A_NAME = re.compile(r"の|(?<=した)|(?<=する)|(?<=れる)|(?<=れた)|(?<=ている)")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_SINCE_THE_LAST_STOP = re.compile(r"[、。]")
_PARTICLES = re.compile(
    r"(?:について(?:は|、)?|に関して|において|[をがはのにとでも]|[:：、，\s「『]|約|計|累計で?|累積で?|合計で?|延べ|年間|最低)+$"
)

_ROUGHLY = r"(?:程度)?(?:\([^()]*\))?"
_LESSEN = r"削減|減少|低減|縮減|縮小|短縮|抑制|減ら|引き?下げ|下げ"
_LESSENED_BY = re.compile(rf"(?:の|を|も)?{_ROUGHLY}の?(?:{_LESSEN}|減[、。を(]|減$|軽減|カット|軽量化|省エネ)")
_LESSENED_TO = re.compile(rf"{_ROUGHLY}(?:まで|に|へ)(?:まで)?[^、。]{{0,6}}?(?:{_LESSEN}|抑え|おさえ)")
_INCREASED = re.compile(r"(?:の|を)?(?:以上|向上|増加|増|確保|延長)")


def comparator(figure: Figure, before: str, behind: str) -> tuple[str, bool]:
    """The comparator, and whether the figure is the size of a reduction (10%減少させる)."""
    if figure.comparator == Comparator.WITHIN:
        return figure.comparator, False
    if figure.reduction:
        return figure.comparator or Comparator.AT_LEAST, True
    if _LESSENED_BY.match(behind):
        return figure.comparator or Comparator.AT_LEAST, figure.comparator in ("", Comparator.AT_LEAST, Comparator.MORE_THAN)
    if figure.comparator:
        return figure.comparator, False
    if _LESSENED_TO.match(behind):
        return Comparator.AT_MOST, False
    if (figure.value == 0 or _is_better_less(before)) and not _INCREASED.match(behind):
        return Comparator.AT_MOST, False
    return Comparator.AT_LEAST, False


def _is_better_less(before: str) -> bool:
    """Whether less of what stands before a figure is plainly better. The head of the name says it: 犯罪の検挙率 is no crime."""
    name = _IN_BRACKETS.sub("", _SINCE_THE_LAST_STOP.split(before)[-1])
    name = _PARTICLES.sub("", name[-_LONGEST_NAME:])
    parts = _PARTS_OF_A_NAME.split(name)
    head = "の".join(parts[-2:]) if _HEAD_WORD.fullmatch(parts[-1]) else parts[-1]
    return bool(_LESS_IS_BETTER.search(head)) and not _AGAINST_IT.search(_HEAD_WORD.sub("", head))


# --- Unit ---------------------------------------------------------------------------------------------------------------------------

_UNIT_IN_THE_INDICATOR = re.compile(r"(件|社|者|人|員|か国|校|団体)数(?:[(（][^()（）]*[)）])?$")


def unit(figure: Figure, indicator: str) -> str:
    """The printed unit, else that which the indicator names: 委員数を2以上."""
    if figure.unit:
        return figure.unit
    named = _UNIT_IN_THE_INDICATOR.search(indicator)
    return named[1].replace("員", "人") if named else ""


# --- Accumulation -------------------------------------------------------------------------------------------------------------------

_TOTAL = re.compile(r"累計|累積|通算|合計")
_SUM_OF_TWO = re.compile(r"(?:及び|と|および)[^、]*[(（]合計[)）]")  # 「出荷額及び販売金額(合計)」, of one year
_LEVEL_UNITS = ("%", "倍", "ポイント", "%ポイント", "日間", "日", "時間", "分", "年", "点", "位")
_EACH_PERIOD = ("/年", "／年", "/月", "/日")
_LEVEL_INDICATOR = re.compile(r"割合|率|比|平均|シェア|達成度|満足度|年度の|市場規模|年度\)|水準|指数|スコア|密度|濃度")
_MADE = re.compile(
    r"創出|策定|開発|実用化|事業化|製品化|商品化|標準化|上市|起業|創業|設立|新規|構築|導入|整備|設置|引継(?!ぎ支援)|移転|事業展開|育成|養成|至った"
    r"|認定|宣言|資金調達|ガイドライン|アプリ|特許|治験|臨床試験"
)
_RUNNING_WORK = re.compile(r"(?:実施|開催)(?:件|回)数$")


def accumulation(figure: Figure, around: str, indicator: str, its_unit: str, its_comparator: str, *, each_year: bool) -> tuple[str, bool]:
    """Level or running total, and whether that is assumed."""
    total = _TOTAL.search(around)
    is_sum_of_two = bool(total) and "合計" in around and bool(_SUM_OF_TWO.search(around))
    if total and not is_sum_of_two:
        return Accumulation.RUNNING_TOTAL, False
    if each_year or is_sum_of_two or its_unit in _LEVEL_UNITS or its_unit.endswith(_EACH_PERIOD) or _LEVEL_INDICATOR.search(indicator):
        return Accumulation.LEVEL, False
    if its_comparator in (Comparator.AT_MOST, Comparator.LESS_THAN):
        return Accumulation.LEVEL, figure.value == 0 and "まで" not in around
    is_total = figure.ordinal or (_MADE.search(around) and not _RUNNING_WORK.search(indicator))
    return Accumulation.RUNNING_TOTAL if is_total else Accumulation.LEVEL, True
