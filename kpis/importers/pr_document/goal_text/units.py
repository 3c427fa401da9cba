"""Numbers and units as a goal text writes them, and the value and unit that are stored for them.

万 and 千 are multiplied out for what is counted (40万者 is 400000 者); money keeps its 万, 億, 兆 (7兆円 is 7 兆円); 割 is
per cent. (DOMAIN.md §3.)
"""

import re
from decimal import Decimal

# --- Numbers ------------------------------------------------------------------------------------------------------------------------

_SCALES = {"千": 10**3, "百万": 10**6, "千万": 10**7, "万": 10**4, "億": 10**8, "兆": 10**12}
_SCALE = "百万|千万|[千万億兆]"
_DIGITS = r"\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:\.\d++)?(?:E-?\d{1,2})?"
NUMBER = rf"(?:{_DIGITS})(?:(?:{_SCALE})(?:(?:{_DIGITS})(?:{_SCALE}))*)?"  # 1億5,000万

_SCALED = re.compile(rf"({_DIGITS})({_SCALE})?")
_FIRST_SCALE = re.compile(_SCALE)
_LONGEST = 28  # signs of a number that Decimal calculates with exactly
_TOO_LONG = Decimal("Infinity")  # fits nowhere (kpis.measures.fits)

# --- Units --------------------------------------------------------------------------------------------------------------------------

_COUNTED = """
    件目 件 例目 例 事例 案件 項目 品目 品種 種類 種 製品 商品 作品 論文 課題 テーマ プロジェクト プログラム プラン 計画 事業 制度 手続
    技術 領域 分野 部門 モデル パターン シーン システム サービス サイト チャンネル 番線 番組 タイトル
    社 者 人 名 団体 機関 法人 組合 企業 事業所 事業者 経営体 大学 病院 医療機関 保育所 市場 都市 工場 農場 施設 店舗 店 園 校
    班 チーム グループ クラスター ユーザー 者数 人数 社数 件数 本数
    国・地域 か国 ヶ国 カ国 ヵ国 箇国 国 地域 自治体 市区町村 市町村 都道府県 県 市 町 村 集落 産地 圏域 圏 区域 区間 地区 地点 拠点
    箇所 か所 カ所 ヶ所 ヵ所 ケ所 個所 港 空港 漁港 河川 水系 橋 路線 航路 系統 坑 井
    回 本 便 台 基 機 隊 隻 艇 両 編成 棟 戸 駅 橋梁 トンネル バース 門 団 票 議席 会合 口座 世帯 床 病床
    室 座席 席 泊 人日 人泊 口 枚 通 冊 部 編 報 点 個 つ 頭 羽 株 位 式 セット 単位 問 字 曲
    構造 コース 講座 科目 言語 ページ アクセス ダウンロード ビュー
    分 秒 時間 日間 日 週間 週 か月 ヶ月 カ月 ヵ月 月 年 歳"""
_MEASURED = """
    トン キロ グラム キログラム メートル キロメートル 平方メートル 平方キロメートル 立方メートル ヘクタール リットル バレル ワット カロリー
    ユーロ ドル 米ドル"""
COUNTER = "|".join(sorted(f"{_COUNTED} {_MEASURED}".split(), key=len, reverse=True))  # the longer name before the shorter

_SIGN = r"[A-Za-zμℓ℃Ω㎡㎥㎢㎏㎞㎜㎝](?:[A-Za-z0-9μ²³㎡㎥]|[\-・](?=[A-Z]))*"  # kWh, t-CO2
_DIVISOR = r"億台キロ|人年|年度?|月|日|時間?|人日?|件|台|回|世帯|戸|校|社|[A-Za-z㎡㎥㎢㎏][A-Za-z0-9㎡㎥㎢㎏]*+(?:-[A-Z][A-Za-z0-9]*+)?"
_PER = rf"(?:/(?:\d+(?=[A-Za-z㎏]))?(?:{_DIVISOR}))*"  # /年, /100g
_MONEY = r"(?:百万|千万|[千万億兆])?円"
_RATE = r"%?ポイント|%?pt|パーセント|%|‰|割|倍"
UNIT = rf"(?:{_RATE}|{_MONEY}|{COUNTER}|{_SIGN}|[ァ-ヶー]{{2,8}}){_PER}"

_MONEY_FIRST = re.compile(_MONEY)
_FOREIGN_MONEY = ("ドル", "米ドル", "ユーロ")
_STORED_AS = {"件目": "件", "例目": "例", "日間": "日"}


def stored(number: str, unit: str) -> tuple[Decimal, str]:
    """The value and the unit that are stored for a printed number and unit."""
    value, scale = _decimal(number), scale_of(number)
    if unit in ("%", "パーセント"):
        return value, "%"
    if unit.startswith("割"):
        return value * 10, "%"
    if money := _MONEY_FIRST.match(unit):
        whole = (scale + money[0]).removesuffix("円")
        return value / _SCALES.get(scale, 1), f"{whole}円{unit[money.end() :]}"
    if scale and unit.startswith(_FOREIGN_MONEY):
        return value / _SCALES[scale], scale + unit
    return value, _STORED_AS.get(unit, unit)


def scale_of(number: str) -> str:
    """The first scale of a printed number: 億 of 1億5,000万; "" for none."""
    found = _FIRST_SCALE.search(number)
    return found[0] if found else ""


def _decimal(number: str) -> Decimal:
    """3,500 → 3500, 40万 → 400000, 1億5,000万 → 150000000."""
    if len(number) > _LONGEST:
        return _TOO_LONG
    parts = _SCALED.findall(number)
    return sum((Decimal(digits.replace(",", "")) * _SCALES.get(scale, 1) for digits, scale in parts), Decimal(0))
