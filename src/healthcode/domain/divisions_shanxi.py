"""GB/T 2260 table of Shanxi (14): the state of 2022 and what changed since 2018.

A row: code, Chinese, English. Development zones (xx71) are no counties and are left out. A code that ended keeps its
row, because ID numbers and old records keep the prefix.
"""

from typing import Final

CURRENT: Final = """
140000 山西省 Shanxi Province
140100 太原市 Taiyuan City
140105 小店区 Xiaodian District
140106 迎泽区 Yingze District
140107 杏花岭区 Xinghualing District
140108 尖草坪区 Jiancaoping District
140109 万柏林区 Wanbailin District
140110 晋源区 Jinyuan District
140121 清徐县 Qingxu County
140122 阳曲县 Yangqu County
140123 娄烦县 Loufan County
140181 古交市 Gujiao City
140200 大同市 Datong City
140212 新荣区 Xinrong District
140213 平城区 Pingcheng District
140214 云冈区 Yungang District
140215 云州区 Yunzhou District
140221 阳高县 Yanggao County
140222 天镇县 Tianzhen County
140223 广灵县 Guangling County
140224 灵丘县 Lingqiu County
140225 浑源县 Hunyuan County
140226 左云县 Zuoyun County
140300 阳泉市 Yangquan City
140302 城区 Chengqu District
140303 矿区 Kuangqu District
140311 郊区 Jiaoqu District
140321 平定县 Pingding County
140322 盂县 Yuxian County
140400 长治市 Changzhi City
140403 潞州区 Luzhou District
140404 上党区 Shangdang District
140405 屯留区 Tunliu District
140406 潞城区 Lucheng District
140423 襄垣县 Xiangyuan County
140425 平顺县 Pingshun County
140426 黎城县 Licheng County
140427 壶关县 Huguan County
140428 长子县 Zhangzi County
140429 武乡县 Wuxiang County
140430 沁县 Qinxian County
140431 沁源县 Qinyuan County
140500 晋城市 Jincheng City
140502 城区 Chengqu District
140521 沁水县 Qinshui County
140522 阳城县 Yangcheng County
140524 陵川县 Lingchuan County
140525 泽州县 Zezhou County
140581 高平市 Gaoping City
140600 朔州市 Shuozhou City
140602 朔城区 Shuocheng District
140603 平鲁区 Pinglu District
140621 山阴县 Shanyin County
140622 应县 Yingxian County
140623 右玉县 Youyu County
140681 怀仁市 Huairen City
140700 晋中市 Jinzhong City
140702 榆次区 Yuci District
140703 太谷区 Taigu District
140721 榆社县 Yushe County
140722 左权县 Zuoquan County
140723 和顺县 Heshun County
140724 昔阳县 Xiyang County
140725 寿阳县 Shouyang County
140727 祁县 Qixian County
140728 平遥县 Pingyao County
140729 灵石县 Lingshi County
140781 介休市 Jiexiu City
140800 运城市 Yuncheng City
140802 盐湖区 Yanhu District
140821 临猗县 Linyi County
140822 万荣县 Wanrong County
140823 闻喜县 Wenxi County
140824 稷山县 Jishan County
140825 新绛县 Xinjiang County
140826 绛县 Jiangxian County
140827 垣曲县 Yuanqu County
140828 夏县 Xiaxian County
140829 平陆县 Pinglu County
140830 芮城县 Ruicheng County
140881 永济市 Yongji City
140882 河津市 Hejin City
140900 忻州市 Xinzhou City
140902 忻府区 Xinfu District
140921 定襄县 Dingxiang County
140922 五台县 Wutai County
140923 代县 Daixian County
140924 繁峙县 Fanshi County
140925 宁武县 Ningwu County
140926 静乐县 Jingle County
140927 神池县 Shenchi County
140928 五寨县 Wuzhai County
140929 岢岚县 Kelan County
140930 河曲县 Hequ County
140931 保德县 Baode County
140932 偏关县 Pianguan County
140981 原平市 Yuanping City
141000 临汾市 Linfen City
141002 尧都区 Yaodu District
141021 曲沃县 Quwo County
141022 翼城县 Yicheng County
141023 襄汾县 Xiangfen County
141024 洪洞县 Hongtong County
141025 古县 Guxian County
141026 安泽县 Anze County
141027 浮山县 Fushan County
141028 吉县 Jixian County
141029 乡宁县 Xiangning County
141030 大宁县 Daning County
141031 隰县 Xixian County
141032 永和县 Yonghe County
141033 蒲县 Puxian County
141034 汾西县 Fenxi County
141081 侯马市 Houma City
141082 霍州市 Huozhou City
141100 吕梁市 Lüliang City
141102 离石区 Lishi District
141121 文水县 Wenshui County
141122 交城县 Jiaocheng County
141123 兴县 Xingxian County
141124 临县 Linxian County
141125 柳林县 Liulin County
141126 石楼县 Shilou County
141127 岚县 Lanxian County
141128 方山县 Fangshan County
141129 中阳县 Zhongyang County
141130 交口县 Jiaokou County
141181 孝义市 Xiaoyi City
141182 汾阳市 Fenyang City
"""

ENDED: Final = """
140202 2018-03-01 140213 城区 Chengqu District
140203 2018-03-01 140214 矿区 Kuangqu District
140211 2018-03-01 140214,140213 南郊区 Nanjiao District
140227 2018-03-01 140215 大同县 Datong County
140402 2018-11-01 140403 城区 Chengqu District
140411 2018-11-01 140403 郊区 Jiaoqu District
140421 2018-11-01 140404 长治县 Changzhi County
140424 2018-11-01 140405 屯留县 Tunliu County
140481 2018-11-01 140406 潞城市 Lucheng City
140624 2018-03-01 140681 怀仁县 Huairen County
140726 2020-01-01 140703 太谷县 Taigu County
"""
"""Code, the day on which it stopped, successors (the one that took most of it first), names. The days are the first of
the month in which the change was made public, which is close enough for routing and prefixes."""

BEGAN: Final = """
140213 2018-03-01
140214 2018-03-01
140215 2018-03-01
140403 2018-11-01
140404 2018-11-01
140405 2018-11-01
140406 2018-11-01
140681 2018-03-01
140703 2020-01-01
"""

_PREFIXES = """
140101 140102 140103 140104 140111 140112 140113 140201 140301 140401 140422 140501 140511 140523 140601 140701 140801
140901 141001 141101
"""
_PREFECTURES = "1421 1422 1423 1424 1425 1426 1427"

OLDER_PREFIXES: Final = frozenset(_PREFIXES.split())
"""Prefixes that ended before 2018 and still stand in ID numbers (old districts of Taiyuan, Changzhi and Jincheng,
and `01`, a city's districts as a whole)."""

OLDER_PREFECTURES: Final = frozenset(_PREFECTURES.split())
"""Prefectures that have become cities: Yanbei, Xinzhou, Lüliang, Jinzhong, Jindongnan, Linfen, Yuncheng."""
