"""Messages and events as WeChat's documentation shows them, with our questions in them."""

from __future__ import annotations

TEXT = """<xml>
  <ToUserName><![CDATA[toUser]]></ToUserName>
  <FromUserName><![CDATA[fromUser]]></FromUserName>
  <CreateTime>1348831860</CreateTime>
  <MsgType><![CDATA[text]]></MsgType>
  <Content><![CDATA[玉米多少钱一斤]]></Content>
  <MsgId>1234567890123456</MsgId>
  <MsgDataId>xxxx</MsgDataId>
  <Idx>xxxx</Idx>
</xml>"""


def message(kind: str, inner: str, number: str = "1234567890123457") -> str:
    """A message of another kind."""
    return (
        "<xml><ToUserName><![CDATA[toUser]]></ToUserName><FromUserName><![CDATA[fromUser]]></FromUserName>"
        f"<CreateTime>1357290913</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inner}<MsgId>{number}</MsgId></xml>"
    )


def event(name: str, inner: str = "", created: int = 123456789) -> str:
    """An event."""
    return (
        "<xml><ToUserName><![CDATA[toUser]]></ToUserName><FromUserName><![CDATA[fromUser]]></FromUserName>"
        f"<CreateTime>{created}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{inner}</xml>"
    )


IMAGE = message(
    "image",
    "<PicUrl><![CDATA[http://mmbiz.qpic.cn/mmbiz_jpg/x/0]]></PicUrl><MediaId><![CDATA[media_id_of_the_picture]]></MediaId>",
)
VOICE = message("voice", "<MediaId><![CDATA[media_id_of_the_voice]]></MediaId><Format><![CDATA[amr]]></Format>")
LOCATION = message(
    "location",
    "<Location_X>39.999612</Location_X><Location_Y>118.701012</Location_Y><Scale>20</Scale>"
    "<Label><![CDATA[河北省唐山市迁安市燕山大路]]></Label>",
)

PAYLOADS: dict[str, str] = {
    "text": TEXT,
    "image": IMAGE,
    "voice": VOICE,
    "location": LOCATION,
    "video": message(
        "video", "<MediaId><![CDATA[media_id]]></MediaId><ThumbMediaId><![CDATA[thumb_media_id]]></ThumbMediaId>"
    ),
    "shortvideo": message(
        "shortvideo", "<MediaId><![CDATA[media_id]]></MediaId><ThumbMediaId><![CDATA[thumb_media_id]]></ThumbMediaId>"
    ),
    "link": message(
        "link",
        "<Title><![CDATA[公众平台官网链接]]></Title><Description><![CDATA[公众平台官网链接]]></Description>"
        "<Url><![CDATA[https://mp.weixin.qq.com]]></Url>",
    ),
    "subscribe": event("subscribe"),
    "subscribe by a code": event(
        "subscribe", "<EventKey><![CDATA[qrscene_123123]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket>"
    ),
    "unsubscribe": event("unsubscribe"),
    "scan": event("SCAN", "<EventKey><![CDATA[SCENE_VALUE]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket>"),
    "whereabouts": event(
        "LOCATION", "<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>"
    ),
    "click": event("CLICK", "<EventKey><![CDATA[玉米多少钱一斤]]></EventKey>"),
    "view": event("VIEW", "<EventKey><![CDATA[www.qq.com]]></EventKey>"),
    "picture by the menu": event(
        "pic_sysphoto",
        "<EventKey><![CDATA[6]]></EventKey><SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>"
        "<![CDATA[1b5f7c23b5bf75682a53e7b6d163e185]]></PicMd5Sum></item></PicList></SendPicsInfo>",
    ),
}
