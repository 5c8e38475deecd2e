"""The voices of the service, by region and model, and what people call them."""

from __future__ import annotations

from typing import Final

# The first voice is the default: it is on the list of either region (protocol sheet 1.6).
CHINA: Final = (
    "elegantgentle-female",
    "livelybreezy-female",
    "jingdiannvsheng",
    "wenroushunv",
    "qingchunshaonv",
    "yuanqishaonv",
    "linjiajiejie",
    "qinqienvsheng",
    "wenrounvsheng",
    "jilingshaonv",
    "ruanmengnvsheng",
    "youyanvsheng",
    "lengyanyujie",
    "shuangkuaijiejie",
    "wenjingxuejie",
    "linjiameimei",
    "zhixingjiejie",
    "wenrounansheng",
    "yuanqinansheng",
    "cixingnansheng",
    "zhengpaiqingnian",
    "qingniandaxuesheng",
    "boyinnansheng",
    "ruyananshi",
    "shenchennanyin",
)
INTERNATIONAL: Final = (
    "elegantgentle-female",
    "livelybreezy-female",
    "lively-girl",
    "magnetic-voiced-male",
    "soft-spoken-gentleman",
    "vibrant-youth",
    "zixinnansheng",
)
SPEECH_ONLY_CHINA: Final = (
    "wenrougongzi",
    "tianmeinvsheng",
    "vibrant-youth",
    "lively-girl",
    "soft-spoken-gentleman",
    "magnetic-voiced-male",
    "zixinnansheng",
    "shuangkuainansheng",
    "ganliannvsheng",
    "qinhenvsheng",
    "huolinvsheng",
)
"""What text-to-speech alone has; the realtime model refuses them (protocol sheet 1.6, 2.1)."""

_NAMES: Final = {
    "elegantgentle-female": ("Elegant and gentle woman", "气质温婉"),
    "livelybreezy-female": ("Lively and breezy woman", "活力轻快"),
    "jingdiannvsheng": ("Classic woman", "经典女声"),
    "wenroushunv": ("Gentle lady", "温柔熟女"),
    "qingchunshaonv": ("Innocent girl", "清纯少女"),
    "yuanqishaonv": ("Energetic girl", "元气少女"),
    "linjiajiejie": ("Big sister next door", "邻家姐姐"),
    "qinqienvsheng": ("Kind woman", "亲切女声"),
    "wenrounvsheng": ("Gentle woman", "温柔女声"),
    "jilingshaonv": ("Quick-witted girl", "机灵少女"),
    "ruanmengnvsheng": ("Soft and sweet woman", "软萌女声"),
    "youyanvsheng": ("Elegant woman", "优雅女声"),
    "lengyanyujie": ("Cool lady", "冷艳御姐"),
    "shuangkuaijiejie": ("Straightforward sister", "爽快姐姐"),
    "wenjingxuejie": ("Quiet student", "文静学姐"),
    "linjiameimei": ("Little sister next door", "邻家妹妹"),
    "zhixingjiejie": ("Intellectual sister", "知性姐姐"),
    "wenrounansheng": ("Gentle man", "温柔男声"),
    "yuanqinansheng": ("Energetic man", "元气男声"),
    "cixingnansheng": ("Magnetic man", "磁性男声"),
    "zhengpaiqingnian": ("Upright young man", "正派青年"),
    "qingniandaxuesheng": ("College student", "青年大学生"),
    "boyinnansheng": ("Newsreader", "播音男声"),
    "ruyananshi": ("Refined gentleman", "儒雅男士"),
    "shenchennanyin": ("Deep-voiced man", "深沉男音"),
    "lively-girl": ("Lively girl", "活泼少女"),
    "magnetic-voiced-male": ("Magnetic-voiced man", "磁性嗓音男声"),
    "soft-spoken-gentleman": ("Soft-spoken gentleman", "温和绅士"),
    "vibrant-youth": ("Vibrant youth", "活力青年"),
    "zixinnansheng": ("Confident man", "自信男声"),
    "wenrougongzi": ("Gentle young master", "温柔公子"),
    "tianmeinvsheng": ("Sweet woman", "甜美女声"),
    "shuangkuainansheng": ("Straightforward man", "爽快男声"),
    "ganliannvsheng": ("Capable woman", "干练女声"),
    "qinhenvsheng": ("Approachable woman", "亲和女声"),
    "huolinvsheng": ("Vital woman", "活力女声"),
}
"""In English and in Chinese."""
_CLONE_NAMES: Final = ("My own voice", "我的音色")


def voice_name(voice: str, language: str) -> str:
    """Return what a voice is called in a language: Chinese or English. An unknown id is its own name."""
    return _NAMES.get(voice, (voice, voice))[language.startswith("zh")]


def clone_name(voice: str, language: str) -> str:
    """Return what a cloned voice is called: the service gives it no name, so the end of its id tells them apart."""
    return f"{_CLONE_NAMES[language.startswith('zh')]} {voice[-4:]}"
