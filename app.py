"""Wiring: settings, database, assistant and channels become one Flask application. `flask` finds it here."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

import config
import operations
from bot import commands as bot_commands
from bot import understanding
from bot.assistant import Assistant
from bot.magazine import Magazine, announced, county_pages, sheet
from bot.messages import Asker
from bot.rasa import RasaParser
from bot.skills import SKILLS, pictures
from bot.skills.base import Context
from bot.understanding import commands as understanding_commands
from bot.understanding.query import Names
from channels import audio, register, senders
from channels.announcements import commands as announcement_commands
from channels.announcements.cap import words as cap_words
from channels.announcements.speakers import commands as commands_speakers
from channels.announcements.speakers.booth import Booth, SilentError
from channels.announcements.speakers.watch import Watch
from channels.announcements.workflow import Workflow
from channels.base import Desk
from channels.base.counting import Counts
from channels.base.persons import Persons, Sent
from channels.base.sending import Sender, Wanted
from channels.outbox import commands as outbox_commands
from channels.sms.prices import cost
from channels.tv import commands as tv_commands
from channels.tv import pages
from channels.web import commands as web_commands
from config import Settings
from knowledge import database, names, places, policies
from knowledge.announcements import Announcements
from knowledge.announcements.alert_rules import listed
from knowledge.announcements.answers import Answers
from knowledge.announcements.audience import Audience
from knowledge.announcements.groups import Groups
from knowledge.announcements.published import Published
from knowledge.announcements.received import Alerts
from knowledge.announcements.speakers import Speakers
from knowledge.announcements.staff import Team
from knowledge.announcements.tables import Announcement
from knowledge.identities import People
from knowledge.imports import commands as import_commands
from knowledge.mailbox import Mailbox
from knowledge.outbox import Outbox
from knowledge.sms_pictures import SmsPictures
from knowledge.wechat import Wechat
from tts import checks, voices
from tts import commands as tts_commands
from tts.programme import SINGLE, Programme, Studio
from tts.pronounce import UnreadableError
from tts.sound import SoundError
from tts.voices import VoiceError, utterance
from tts.voices.keyed import Keyed

log = logging.getLogger(__name__)

COMMANDS = (
    *import_commands.COMMANDS,
    *operations.COMMANDS,
    *announcement_commands.COMMANDS,
    *commands_speakers.COMMANDS,
    *outbox_commands.COMMANDS,
    *tv_commands.COMMANDS,
    *web_commands.COMMANDS,
    *bot_commands.COMMANDS,
    *understanding_commands.COMMANDS,
    *tts_commands.COMMANDS,
)


@dataclass(frozen=True)
class Service:
    """What the commands and channels are built on. Parts that cost time are made when first asked for."""

    settings: Settings
    engine: Engine

    @cached_property
    def sessions(self) -> database.Sessions:
        """Sessions on a database that is up to date."""
        database.migrate(self.engine)
        return database.sessions(self.engine)

    @cached_property
    def places(self) -> places.Places:
        """The county's gazetteer."""
        return places.load(county=(self.settings.county_code, self.settings.county_name))

    @cached_property
    def assistant(self) -> Assistant:
        """The one way to an answer."""
        by_rasa = self.settings.understanding == "rasa"
        parser = RasaParser(self.settings.rasa_url, understanding.load()) if by_rasa else understanding.embedded()
        return Assistant(
            self.sessions,
            parser,
            SKILLS,
            self.places,
            self.settings.now,
            names=names.collect,
            version=lambda session: f"{names.version(session)} {understanding.version()}",
        )

    def names(self) -> Names:
        """The names that the data know."""
        with self.sessions() as session:
            return names.collect(session, self.places)

    def warm(self) -> None:
        """Load what the first answer needs, before the first question comes."""
        self.assistant.prepare()
        with self.sessions() as session:
            policies.index(session)

    @cached_property
    def desk(self) -> Desk:
        """Where channels hand in what they received."""
        settings = self.settings
        return Desk(
            self.mailbox,
            self.assistant.answer,
            settings.now,
            settings.sender_per_minute,
            Persons(self.people, self),
            Counts(settings.limits_url),
        )

    @cached_property
    def mailbox(self) -> Mailbox:
        """The messages received."""
        return Mailbox(self.sessions)

    @cached_property
    def people(self) -> People:
        """Which addresses are one person's, and how they want to be spoken to."""
        return People(self.sessions)

    def texting(self) -> bool:
        """Whether a gateway for text messages is set up."""
        return any(sender.channel == "sms" for sender in self._ways_out)

    @cached_property
    def _ways_out(self) -> list[Sender]:
        return self.senders()

    def send_text(self, number: str, text: str, key: str | None = None) -> Sent:
        """Queue a text message to a number, under a `key` once; not if its owner opted out of them."""
        if self.mailbox.opted_out("sms", number):
            return "opted_out"
        if not self.texting():
            return "closed"
        parts, price = cost(self.settings.sms_prices, number, text)
        self.outbox.put([Wanted("sms", number, text, "reply", key, parts, price)], self.settings.now())
        return "queued"

    @cached_property
    def sms_pictures(self) -> SmsPictures:
        """The pictures that came with text messages."""
        return SmsPictures(self.sessions)

    @cached_property
    def wechat(self) -> Wechat:
        """What the WeChat channel keeps beside its messages."""
        return Wechat(self.sessions)

    @cached_property
    def outbox(self) -> Outbox:
        """The messages on their way out."""
        return Outbox(self.sessions)

    @cached_property
    def announcements(self) -> Announcements:
        """The announcements, from the first draft to the end."""
        return Announcements(self.sessions)

    @cached_property
    def audience(self) -> Audience:
        """The people whom announcements reach one by one."""
        return Audience(self.sessions)

    @cached_property
    def answers(self) -> Answers:
        """What people answer to announcements."""
        return Answers(self.sessions)

    @cached_property
    def alerts(self) -> Alerts:
        """Where alerts arrive."""
        senders = listed(self.settings.cap_senders)
        return Alerts(self.sessions, self.places, senders, self.cap_sender, cap_words)

    @cached_property
    def published(self) -> Published:
        """What the world may read of announcements."""
        return Published(self.sessions)

    @property
    def cap_sender(self) -> str:
        """Our name as a sender of alerts: the county's code at our public address."""
        return f"{self.settings.county_code}@{urlsplit(self.settings.public_url).hostname or 'xiangyin.invalid'}"

    @cached_property
    def team(self) -> Team:
        """The staff who write and approve announcements."""
        return Team(self.sessions)

    @cached_property
    def groups(self) -> Groups:
        """The groups of people who are told things together."""
        return Groups(self.sessions)

    @cached_property
    def speakers(self) -> Speakers:
        """The loudspeakers."""
        return Speakers(self.sessions)

    @cached_property
    def booth(self) -> Booth:
        """Where announcements are spoken for loudspeakers."""
        return Booth(self._programme, self.audio_folder)

    def watch(self) -> Watch:
        """What a worker does for loudspeakers."""
        return Watch(
            self.speakers, self.booth, self.settings.now, timedelta(minutes=self.settings.speaker_silent_minutes)
        )

    def price(self, channel: str, address: str, text: str) -> tuple[int, Decimal | None]:
        """How many messages a text is on a channel to an address, and what it costs in yuan where that is known."""
        return cost(self.settings.sms_prices, address, text) if channel == "sms" else (1, None)

    def workflow(self) -> Workflow:
        """What a worker does for announcements."""
        channels = {sender.channel for sender in self._ways_out}
        return Workflow(self.announcements, self.audience, channels, self.price, self.settings.now)

    def senders(self) -> list[Sender]:
        """The ways out that are set up."""
        return senders(self)

    @cached_property
    def magazine(self) -> Magazine:
        """The television's pages."""
        return Magazine(self.sessions, self.places, self.settings.now)

    def announcement_page(self, said: Announcement) -> pages.Page:
        """How an announcement looks on the television."""
        with self.sessions() as session:
            now = self.settings.now()
            news = announced.of_announcement(said, Context(session, now, self.places, Asker()))
        number = county_pages.EMERGENCY if news.urgent else county_pages.ANNOUNCEMENTS + 1
        screens = sheet.screens(news.blocks, news.source)
        return sheet.page(number, said.title, said.places[0], now.date(), news.source, screens)

    def studio(self, name: str | None = None) -> Studio:
        """Where texts are spoken, by the voice of that name or the setting's. Raises VoiceError where it cannot speak."""
        voice = voices.voice(name or self.settings.voice, self._voice_options)
        named = {place.name for place in self.places} | {places.short_name(place.name) for place in self.places}
        return Studio(voice, self.audio_folder, tuple(sorted(named)))

    @property
    def audio_folder(self) -> Path:
        """Where finished recordings are kept."""
        return config.ROOT / self.settings.audio_folder

    @cached_property
    def _announcer(self) -> Studio:
        return self.studio()

    def speech(self, text: str) -> bytes | None:
        """A text spoken once, as MP2 for the television; None, with the reason in the log, where it cannot be spoken."""
        try:
            return self._announcer.make(text, name="mp2", layout=SINGLE).file.read_bytes()
        except (VoiceError, SoundError, UnreadableError) as error:
            log.warning("a page of the television stays silent: %s", error)
            return None

    @cached_property
    def _caller(self) -> Studio:
        """Where calls are spoken: what one person was told has a name that nobody else can find out."""
        token = self.settings.twilio_auth_token
        secret = token.get_secret_value() if token else ""
        key = blake2b(secret.encode(), digest_size=16, person=b"xiangyin-calls").hexdigest()
        return replace(self._announcer, voice=Keyed(self._announcer.voice, key), folder=self.audio_folder / "calls")

    def recording(self, text: str, slow: bool = False) -> Path | None:
        """The file of a text spoken once to one person; None, with the reason in the log, where it cannot be spoken."""
        try:
            file = self._caller.make(text, slow=slow, layout=SINGLE).file
            file.touch()  # heard today
            return file
        except (VoiceError, SoundError, UnreadableError) as error:
            log.warning("a text is not recorded: %s", error)
            return None

    def forget_recordings(self) -> None:
        """Delete the recordings of what one person was told that were not heard for a week."""
        audio.forget(self.audio_folder, time.time())

    def _programme(self, text: str, sender: str) -> Programme:
        try:
            return self._announcer.make(text, sender=sender)
        except (VoiceError, SoundError, UnreadableError) as error:
            raise SilentError(str(error)) from None

    def pronounced(self, text: str) -> tuple[str, str]:
        """A text as it is said, and its pinyin. Raises SilentError for hanzi without a reading."""
        try:
            words = utterance(text, self._announcer.names)
        except (VoiceError, UnreadableError) as error:
            raise SilentError(str(error)) from None
        return words.said, " ".join(words.pinyin)

    def voice_problems(self) -> dict[str, str]:
        """What keeps each voice from speaking, by its name; empty for one that can."""
        return {name: checks.trial(name, self._voice_options) for name in voices.VOICES}

    @property
    def _voice_options(self) -> voices.Options:
        model = self.settings.sherpa_model
        return voices.Options(config.ROOT / model if model else None, self.settings.gtts)

    def picture(self, name: str) -> bytes | None:
        """The picture that a reply names (without its folder and .png), or None where there is none."""
        with self.sessions() as session:
            return pictures.draw(name, Context(session, self.settings.now(), self.places, Asker()))

    def problems(self) -> list[str]:
        """What keeps the service from answering just now; nothing when it is ready."""
        try:
            if not database.is_current(self.engine):
                return ["the database is not migrated: start the service once with `flask serve`"]
        except SQLAlchemyError as error:
            return [f"the database is not reachable: {type(error).__name__}; check database_url"]
        return [] if "assistant" in vars(self) else ["the model is not loaded yet: wait, or ask a question"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises config.SettingsError for a setting that cannot be used."""
    settings = settings or config.load()
    app = Flask(__name__, static_folder=None)
    service = Service(settings, database.connect(settings.database_url, settings.sqlite_synchronous))
    app.extensions["xiangyin"] = service
    register(app, service)
    for command in COMMANDS:
        app.cli.add_command(command)
    return app
