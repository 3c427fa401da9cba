"""The indicator of a commitment: a short noun phrase of the text's own words, "" where none is plain.

It is what stands before the figure (「商談件数を」), with what is counted behind it (「3件の成約」) or what a share of it does
(「採択企業の7割が目標を達成する」). A word that only says what kind of figure it is (件数, 割合) is added where the text has none.
"""

import re
from collections.abc import Iterator

from kpis.importers.pr_document.goal_text.figures import Figure

_LONGEST = 300  # signs of a stored indicator
_LONG = 30  # a name that says enough by itself

# --- What stands before the figure --------------------------------------------------------------------------------------------------

# Words that lead to the indicator: 「…を通じて、」
_LEADS_IN = re.compile(
    r".*(?:により|によって|を通じて?|を通して|ことで|に向けて?|を踏まえて?|に基づき|として|ため|べく|[しりきいえけせべれめ]|[えけてっ]て)、",
    re.DOTALL,
)
# Words of time leave their particles: 「のプロジェクト終了時までに、」, 「令和13年度の」.
_OPENS = re.compile(
    r"""(?:
        [のをはにがでも、\s]*\0+(?:おける|おいて|から(?:向こう)?|[のはにがでも](?=[、\0一-鿿ァ-ヶA-Za-z]))?
      | [、,:：\s]
      | (?:また|加えて|さらに|なお|併せて|具体的に|かつ|もって)(?:、|は、?|(?=[一-鿿ァ-ヶ]))
      | [のをは]、
      | [にと]?(?:なる|する)?こと(?:や|と|、|及び)
    )+""",
    re.VERBOSE,
)
# Particles and words of counting between the indicator and its figure: 「商談件数については、年間約」
_CLOSES = re.compile(
    r"(?:について(?:は|、)?|に関して|に対して?|において|にて|まで|(?<!も)の|[をがはにとでも]|[:：、，\s\0]|[「『【]"
    r"|約|計|累計で?|累積で?|合計で?|延べ|年間|最低|\d+[^、。\d]{1,3}(?:当たり|あたり|につき))+$"
)
# What the indicator is compared with: 「経費を平成30年度比で」, 「順位を世界3位に」, 「回答率を、調査において」.
_COMPARED = re.compile(
    r"(?<=率|数|合|額|量|度|値|間|位|高)を、?[^をが。]{1,20}$|を、?[一-鿿ァ-ヶーA-Za-z・]{1,15}$|[をはが、]*[^、。をはが]{0,12}年度?比(?:で)?$"
    r"|[:：をがは]?(?:現在の|現状の)?\s?約?\d[\d,.]*[^、。\d]{0,6}(?:→|から)\s?$"
)
_COMPARED_FIRST = re.compile(r"[^、。をはが]{0,12}年度?比で")
_TIME_IN_BRACKETS = re.compile(r"[(（][^()（）\0]{0,4}\0+[^()（）]{0,8}[)）]")
_LONGEST_CLOSING = 40
_CURRENT = re.compile(r"(?:現状|現在)$")
_HALVED = re.compile(r"(?:が|を|は)、?[^、]*(?:半減|倍増)(?:する|させる)?$")
_NEXT_OF_A_LIST = re.compile(r"[^、]*?(?:こと(?:や|と|、|及び)|、|と(?![なす])|及び|並びに|や)")
# No name: the noun that it describes stands elsewhere, or it is a figure itself.
_HANGS = re.compile(r"(?:[たるすくぐむぶつ]|[てな]い|な|として|により|うち|以上|以下|未満|超)$|^\d[\d,.]*\D{0,4}$")
_AIM_OF_REDUCTION = re.compile(r"の?(?:削減|低減)?(?:目標)?(?:の?達成)?$")
# 「…が、\0、…」: the commas that words of time leave.
_CONNECTED = re.compile(r"(?<=[がをに])、\0+、|、(?=\0+、)")
_NAMED = re.compile(r"[一-鿿ァ-ヶーA-Za-z]{2}")  # a name has two signs that are no kana of grammar

# --- What stands behind it ----------------------------------------------------------------------------------------------------------

_MADE = r"創出|実現|達成|実施|策定|開催|育成|開発|導入|整備|設置|採択|手交|登録|実用化|事業化"
_COUNTED_BEHIND = re.compile(
    rf"(?:以上|程度)?の(?:[^、。\0]{{1,10}}?における)?(?P<what>[^、。\0]{{2,40}}?)(?:の(?P<made>{_MADE}))?(?:を|と$|や$|$)"
)
_REACHED = re.compile(r"維持|達成|確保|実現|遵守|実施|削減|減少|低減|向上|増加|上昇|改善|拡大")
_MADE_BEHIND = re.compile(rf"(?:以上|程度)?の?(?P<made>{_MADE})")
_KEPT_BEHIND = re.compile(r"(?:以上|程度)?の?(?P<kept>遵守|普及|導入|利用|実施)")
_RISES_BEHIND = re.compile(r"(?:以上|程度)?[をの]?(?P<rise>向上|増加|上昇|拡大)")
_WHO = r"企業|者|事業者|自治体|市町村|都道府県|学校|国|団体|組合|案件|課題|テーマ|製品|プロジェクト|機関|施設|調査"
_SHARE_BEHIND = re.compile(rf"(?:の(?:{_WHO})(?:等)?)?(?:が|において|について)、?(?P<does>[^。]{{2,80}})")
_ENDS_OF_AIM = re.compile(
    r"(?:ことを|こと|を|と|の(?:達成|実現)を)?"
    r"(?:目指[すし](?:ます|て(?:い[くき])?)?|目標とする|図る|旨とする|目的とする|成果目標とする|とする)(?:等|など)?、?$"
    r"|こと、?$"
)
_ENDS_IN_A_NOUN = re.compile(r"[一-鿿ァ-ヶー]$")
_ENDS_IN_A_VERB = re.compile(r"[うくぐすつぬぶむるた]$")
_QUOTED = re.compile(r"^「([^「」]+)」(?=[にを]|$)")
_CONNECTS = re.compile(r"(?:(?<!こ)と|や|及び|並びに|、)?(?:累計|累積|合計|延べ|計|約|\s)*$")

# 「…を公表する」 is the aim 「…の公表」.
_AS_NOUNS = (
    (re.compile(r"を(?P<deed>[一-鿿ァ-ヶー・]{2,10})(?:する|します)?$"), r"の\g<deed>"),
    (re.compile(r"に(?P<deed>寄与|貢献)(?:する|します)?$"), r"への\g<deed>"),
)

# --- The kind of figure -------------------------------------------------------------------------------------------------------------

_COUNTS = {"件": "件数", "回": "回数", "人": "人数", "名": "人数", "社": "社数", "団体": "団体数", "校": "校数", "機関": "機関数"}
_IS_A_MEASURE = re.compile(r"[A-Za-zμ℃㎡㎥㎢㎏]|万?トン|キロ|グラム|リットル|バレル|ワット|ヘクタール|カロリー")
_IS_A_FIGURE = re.compile(
    r"(?:数|率|割合|比|比率|度|額|量|値|シェア|もの|規模|回数|指数|点|ポイント)(?:[(（][^()（）]*[)）])?$|数の.{1,6}$|[数率量額][)）]$"
)
_IS_A_RATE = re.compile(r"(?:率|割合|比|シェア|度|幅)(?:[(（][^()（）]*[)）])?$")
_IS_AN_AMOUNT = re.compile(r"(?:率|量|額|幅)$")
_IS_COUNTABLE = re.compile(rf"(?:{_WHO}|件数)$")
_IN_PROPORTION = re.compile(r"(?P<what>.+)が(?P<of>[^がをはに、]{2,30})の$")

_EACH = re.compile(r"[をはがで]?(?:について)?(?:それぞれ|各々|いずれも)[^、。]{0,6}$")
_BOTH = re.compile(r"[^、。をはがで\0]{2,60}?(?:及び|並びに|および|と)[^、。をはがで\0]{2,40}?$")
_LONGEST_PAIR = 120
_AND = re.compile(r"及び|並びに|および|と(?=[^、])")
_WHOLE = re.compile(r".*の")


def indicators(before: str, figure: Figure, behind: str, *, is_reduction: bool, is_listed: bool) -> list[str]:
    """The indicator of a figure between the words before and behind it; two for 「A及びBをそれぞれ80%以上」.

    Words of time are blanked out in both. `is_listed`: another figure stands before this one.
    """
    if is_listed and (next_item := _NEXT_OF_A_LIST.match(before)):
        before = before[next_item.end() :]
    behind = behind.replace("\0", "")
    behind = behind[:-_LONGEST_CLOSING] + _CONNECTS.sub("", behind[-_LONGEST_CLOSING:])
    names = list(_each_of(before)) or [_name(before)]
    return [_tidy(_with_kind(name, before, figure, behind, is_reduction)) for name in names]


def aim_in_words(words: str) -> str:
    """What a qualitative commitment aims at, as a short noun phrase of its own words."""
    aim = _ENDS_OF_AIM.sub("", _CONNECTED.sub("", words).rstrip("、。 \n\0"))
    aim = _opened(aim) or aim
    for verb, noun in _AS_NOUNS:
        aim = verb.sub(noun, aim)
    return _tidy(aim, is_aim=True)


def _each_of(before: str) -> Iterator[str]:
    """A and B of 「A及びBをそれぞれ」."""
    words = before.replace("\0", "")[-_LONGEST_PAIR:]
    each = _EACH.search(words)
    both = _BOTH.search(words[: each.start()]) if each else None
    names = _AND.split(both[0]) if both else []
    if len(names) == 2 and all(names):
        whole = _WHOLE.match(names[0])
        yield names[0]
        yield f"{whole[0] if whole else ''}{names[1]}"


def _name(before: str) -> str:
    """The noun phrase that the words before a figure end on."""
    name = _closed(_opened(_CONNECTED.sub("", before)).rstrip("\0"))
    opening = _unclosed(name)
    if opening is None:
        return _closed(_COMPARED.sub("", name))
    outside, inside = _closed(name[:opening]), _closed(name[opening + 1 :])
    if not _NAMED.search(inside):
        return _closed(_HALVED.sub("", outside))
    return inside if not outside or "。" in outside else f"{outside}（{inside}）"


def _opened(words: str) -> str:
    words = _TIME_IN_BRACKETS.sub("", words)
    led_in = _LEADS_IN.match(words)
    words = words[led_in.end() :] if led_in else words
    for opening in (_OPENS, _COMPARED_FIRST):
        if found := opening.match(words):
            words = words[found.end() :]
    return words


def _closed(words: str) -> str:
    rest, end = words[:-_LONGEST_CLOSING], words[-_LONGEST_CLOSING:]
    return rest + _CLOSES.sub("", _CURRENT.sub("", _CLOSES.sub("", end)))


def _unclosed(words: str) -> int | None:
    """Where the first bracket opens that does not close."""
    open_at: list[int] = []
    for place, sign in enumerate(words):
        if sign in "(（":
            open_at.append(place)
        elif sign in ")）" and open_at:
            open_at.pop()
    return open_at[0] if open_at else None


# --- What kind of figure it is ------------------------------------------------------------------------------------------------------


def _with_kind(name: str, before: str, figure: Figure, behind: str, is_reduction: bool) -> str:
    """The name with what is counted or done behind the figure, and with the word that says what kind of figure it is."""
    if figure.unit == "%" and name and (share := _SHARE_BEHIND.match(behind)):
        return _share(name, share["does"])
    counted = _COUNTED_BEHIND.match(behind)
    if counted and not _REACHED.match(counted["what"]):
        return _counted(name, figure, counted)
    if is_reduction:
        name = _AIM_OF_REDUCTION.sub("", name)
    if not name or _HANGS.search(name):
        return ""
    return _rate(name, before, behind, is_reduction) if figure.unit == "%" else _count(name, figure, behind, is_reduction)


def _share(name: str, does: str) -> str:
    """採択企業のうち製造販売業許可を取得する割合"""
    does = _ENDS_OF_AIM.sub("", does)
    if _ENDS_IN_A_NOUN.search(does):
        does += "する"
    return f"{name.removesuffix('のうち')}のうち{does}割合" if _ENDS_IN_A_VERB.search(does) else ""


def _counted(name: str, figure: Figure, counted: re.Match[str]) -> str:
    """事業モデルの創出件数"""
    kind = _kind(figure.unit)
    what = counted["what"]
    if counted["made"]:
        what = f"{what}の{counted['made']}{'の' * (kind == '割合')}{kind}"
    elif not _IS_A_FIGURE.search(what):
        what = _joined(what, kind)
    if not name or len(name) > _LONG:
        return what
    return f"{name}{what}" if name.endswith("のうち") else _joined(name, what)


def _joined(first: str, second: str) -> str:
    """相談の件数, 相談に対応する件数"""
    return f"{first}{second}" if _ENDS_IN_A_VERB.search(first) else f"{first}の{second}"


def _kind(unit: str) -> str:
    """What the figures of a unit are called."""
    if unit in ("%", "倍"):
        return "割合"
    if "円" in unit:
        return "額"
    return "量" if _IS_A_MEASURE.match(unit) else _COUNTS.get(unit, "数")


def _rate(name: str, before: str, behind: str, is_reduction: bool) -> str:
    """付加価値額の向上率"""
    if in_proportion := _IN_PROPORTION.fullmatch(_opened(before).replace("\0", "")):
        return f"{in_proportion['what']}の{in_proportion['of']}に対する割合"
    if is_reduction:
        return name if _IS_A_RATE.search(name) else f"{name}の削減率"
    if done := _RISES_BEHIND.match(behind) or _KEPT_BEHIND.match(behind):
        return name if _IS_A_RATE.search(name) else f"{name}の{done[1]}率"
    return f"{name}の割合" if _IS_COUNTABLE.search(name) else name


def _count(name: str, figure: Figure, behind: str, is_reduction: bool) -> str:
    """国際標準化の件数"""
    if is_reduction:
        return name if _IS_AN_AMOUNT.search(name) else f"{name}の削減"
    kind = _COUNTS.get(figure.unit)
    if kind is None or _IS_A_FIGURE.search(name):
        return name
    made = _MADE_BEHIND.match(behind)
    return f"{name}の{made['made'] if made else ''}{kind}"


def _tidy(name: str, *, is_aim: bool = False) -> str:
    """The name without what is left of quotation marks; "" for one that names nothing."""
    name = name.replace("\0", "").strip("、。,:： \n\t　・-")
    name = _QUOTED.sub(r"\1", name)
    if name.count("「") != name.count("」"):
        name = name.replace("「", "").replace("」", "")
    if not _NAMED.search(name) or (not is_aim and _HANGS.search(name)):
        return ""
    return name[:_LONGEST]
