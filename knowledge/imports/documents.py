"""Documents that are one record each: policies and laws in Markdown, alerts in CAP 1.2."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from knowledge.imports import cap, parse
from knowledge.imports.readers import decode
from knowledge.imports.rows import RowError

_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)
_ARTICLE = re.compile(r"^(第[〇零一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?)[\s　]*", re.MULTILINE)


def policy(path: Path) -> dict[str, Any]:
    """A policy with its sections, or a law with its articles. Raises RowError where title or text is missing."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    front = _FRONT.match(text)
    return _county_policy(front, text) if front else _law(path, text)


def _county_policy(front: re.Match[str], text: str) -> dict[str, Any]:
    try:
        head = yaml.safe_load(front[1]) or {}
    except yaml.YAMLError:
        raise RowError("文件头（两行---之间）写得不对，请照别的政策文件改") from None
    if not isinstance(head, dict):
        raise RowError("文件头（两行---之间）写得不对，请照别的政策文件改")
    head = {str(key).strip().lower(): value for key, value in head.items()}

    def first(*names: str) -> Any:
        return next((head[name] for name in names if head.get(name) not in (None, "")), None)

    body = text[front.end() :]
    sections = _sections(body)
    title = parse.text(first("title", "标题", "名称", "文件名称")) or _heading(body)
    if not title or not sections:
        raise RowError("缺标题" if not title else "正文没有分节（“## 谁能领”这样的小标题）")
    keywords = first("keywords", "关键词", "别名") or []
    if isinstance(keywords, str):
        keywords = [part for part in re.split(r"[、,，;；\s]+", keywords) if part]

    def day(*names: str) -> Any:
        try:
            return parse.day(first(*names))
        except parse.CellError as error:
            raise RowError(f"“{names[-1]}”{error}") from None

    return {
        "kind": "county",
        "title": title,
        "doc_no": parse.text(first("doc_no", "文号", "发文字号")),
        "issuer": parse.text(first("issuer", "发文单位", "发文机关", "发布单位", "制定机关")),
        "issued": day("issued", "发文日期", "成文日期", "印发日期", "发布日期"),
        "effective": day("effective", "施行日期", "生效日期", "执行日期"),
        "expires": day("expires", "失效日期", "有效期至", "截止日期"),
        "audience": parse.text(first("audience", "适用对象", "对象", "适用人群")),
        "keywords": [parse.text(word) for word in keywords],
        "sections": sections,
    }


def _heading(body: str) -> str:
    found = re.search(r"^#\s+(.+)$", body, re.MULTILINE)
    return found[1].strip() if found else ""


def _sections(body: str) -> list[dict[str, Any]]:
    parts = re.split(r"^#{2,3}\s+(.+)$", body, flags=re.MULTILINE)
    return [
        {"ordinal": ordinal, "chapter": "", "heading": heading.strip(), "text": text.strip()}
        for ordinal, (heading, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True), 1)
        if text.strip()
    ]


def _law(path: Path, text: str) -> dict[str, Any]:
    """A national law: # title, dates before INFO END, ## chapters, 第…条 articles."""
    head, _, body = text.partition("<!-- INFO END -->")
    if not body:
        head, body = text, text
    title = _heading(text) or path.stem.split("_")[0]
    articles: list[dict[str, Any]] = []
    chapter = ""
    for block in re.split(r"(?m)^(?=#{2,6}\s)|(?=^第[〇零一二三四五六七八九十百千]+条)", body):
        named = re.match(r"#{2,6}\s+(.+)", block)
        if named:
            chapter = named[1].strip()
            continue
        found = _ARTICLE.match(block)
        if found:
            articles.append(
                {
                    "ordinal": len(articles) + 1,
                    "chapter": chapter,
                    "heading": found[1],
                    "text": block[found.end() :].strip(),
                }
            )
    if not articles:
        raise RowError("没有找到“第…条”，也没有文件头，不知道这是什么文件")
    dates = re.findall(r"(\d{4})年(\d{1,2})月(\d{1,2})日[\s　]*([^\n]*)", head)
    days = [(parse.day(f"{y}-{m}-{d}"), what) for y, m, d, what in dates]
    named_date = re.search(r"_(\d{4}-\d{2}-\d{2})", path.stem)
    issued = parse.day(named_date[1]) if named_date else max((day for day, _ in days if day), default=None)
    effective = next((day for day, what in days if "施行" in what), None)
    by_council = "国务院" in head or (not title.endswith("法") and "全国人民代表大会" not in head)
    issuer = "国务院" if by_council else "全国人民代表大会常务委员会"
    number = re.search(r"(?:国务院|主席)令第?[\s　]*([\d〇一二三四五六七八九十百]+)[\s　]*号", head)
    return {
        "kind": "law",
        "title": re.sub(r"^中华人民共和国(?=..)", "", title.strip()),
        "doc_no": number[0] if number else "",
        "issuer": issuer,
        "issued": issued,
        "effective": effective,
        "expires": None,
        "audience": "",
        "keywords": [],
        "sections": articles,
    }


def alert(path: Path) -> dict[str, Any]:
    """An alert of CAP 1.2 as a row of `knowledge.tables.Alert`. Raises FileError and RowError as `cap.read` does."""
    return cap.values(cap.read(path.read_bytes()))
