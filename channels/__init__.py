"""The outside world. `CHANNELS` is the visible table of all channels; `register` gives their routes to an application."""

from __future__ import annotations

import logging

from flask import Flask

from channels import api, audio, operations, phone, pictures, rasa, tv, web, wechat
from channels.announcements.cap import routes as cap_routes
from channels.announcements.speakers import routes as speakers
from channels.base import Channel, Service
from channels.base.refusals import install_refusals
from channels.base.sending import Sender
from channels.sms import gammu, kannel, kannel_sender, twilio, twilio_sender
from channels.tv import loop
from channels.wechat import sender as wechat_sender

log = logging.getLogger(__name__)

CHANNELS: tuple[Channel, ...] = (
    Channel("web", web.routes),
    Channel("api", api.routes),
    Channel("sms/twilio", twilio.routes, twilio_sender.sender),
    Channel("sms/kannel", kannel.routes, kannel_sender.sender),
    Channel("sms/gammu", gammu.routes, gammu.sender),
    Channel("wechat", wechat.routes, wechat_sender.sender),
    Channel("phone", phone.routes, phone.sender),
    Channel("rasa", rasa.routes),
    Channel("pictures", pictures.routes),
    Channel("audio", audio.routes),
    Channel("speakers", speakers.routes),
    Channel("cap", cap_routes.routes),
    Channel("tv", tv.routes),
    Channel("tv/loop", loop.routes),
    Channel("operations", operations.routes),
)


def register(app: Flask, service: Service, channels: tuple[Channel, ...] = CHANNELS) -> None:
    """Give an application the routes of all channels. One that cannot be set up is logged; the others serve."""
    install_refusals(app)
    for channel in channels:
        try:
            app.register_blueprint(channel.routes(service))
        except Exception:
            log.exception("channel %s is off: it could not be set up; the others serve", channel.name)


def senders(service: Service, channels: tuple[Channel, ...] = CHANNELS) -> list[Sender]:
    """The ways out that are set up. One that cannot be is logged; the others send."""
    made: list[Sender | None] = []
    for channel in channels:
        try:
            made.append(channel.sender(service) if channel.sender else None)
        except Exception:
            log.exception("channel %s sends nothing: it could not be set up; the others send", channel.name)
    return [sender for sender in made if sender]
