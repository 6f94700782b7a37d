#!/usr/bin/gjs -m
// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A small application around gcoresink (or tussink) in JavaScript (GJS): a sketch of recorder.py.
// Records a live test picture, shows what has arrived, ends the recording at Ctrl-C; a second one
// does not wait for the server any longer.
//
//     gjs -m recorder.js [SECONDS] ["gcoresink video-name=x"]
//
// Exit status: 0 the server has everything, 1 it does not.
import GLib from 'gi://GLib';
import Gst from 'gi://Gst?version=1.0';
import System from 'system';

const SOURCE = 'videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=360,' +
    'framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ' +
    '! h264parse ! mp4mux fragment-duration=1000';
const SIGINT = 2, SIGTERM = 15;

const number = (fields, name) => fields.get_uint64(name)[1];
const text = (fields, name) => fields.get_string(name) ?? '';
// of a message of an earlier version, which has no such field: true
const isSet = (fields, name) => !fields.has_field(name) || fields.get_boolean(name)[1];
const megabytes = (fields, name) => `${(number(fields, name) / 1e6).toFixed(1)} MB`;
const seconds = (fields, name) => `${(number(fields, name) / Gst.SECOND).toFixed(2)} s`;

class Recorder {
    constructor(sink) {
        this.pipeline = Gst.parse_launch(`${SOURCE} ! ${sink}`);
        this.bus = this.pipeline.get_bus();
        this.loop = new GLib.MainLoop(null, false);
        this.ending = false;
        this.failed = false;
        this.complete = false;
    }

    record(length) {
        this.bus.add_watch(GLib.PRIORITY_DEFAULT, (_bus, message) => {
            this.onMessage(message);
            return GLib.SOURCE_CONTINUE;
        });
        for (const signal of [SIGINT, SIGTERM])
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal, () => this.onInterrupt());
        if (length > 0) {
            GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, length, () => {
                this.end();
                return GLib.SOURCE_REMOVE;
            });
        }
        this.pipeline.set_state(Gst.State.PLAYING);
        this.loop.run();
        this.bus.remove_watch();
        this.stop();
        return this.complete && !this.failed;
    }

    // What the sink has left on disk it says on the way to READY; on the way to NULL the bus is
    // emptied, unread.
    stop() {
        this.pipeline.set_state(Gst.State.READY);
        for (let message; (message = this.bus.pop());)
            this.onMessage(message);
        this.pipeline.set_state(Gst.State.NULL);
    }

    onMessage(message) {
        switch (message.type) {
        case Gst.MessageType.ERROR:
            printerr(`Error: ${message.parse_error()[0].message}`);
            this.failed = true;
            this.loop.quit();
            break;
        case Gst.MessageType.WARNING:
            printerr(`Warning: ${message.parse_warning()[0].message}`);
            break;
        case Gst.MessageType.EOS: // the server has every byte
            this.loop.quit();
            break;
        case Gst.MessageType.ELEMENT:
            this.onElementMessage(message.get_structure());
            break;
        }
    }

    onElementMessage(fields) {
        switch (fields.get_name()) {
        case 'gcore-video-created':
            print(`Video ${number(fields, 'video-id')} "${text(fields, 'name')}"`);
            break;
        case 'tus-upload-progress':
            print(`recorded ${megabytes(fields, 'bytes-rendered')}  ` +
                `at the server ${megabytes(fields, 'bytes-acked')}`);
            break;
        case 'tus-upload-stalled':
            print(`The server is away (${text(fields, 'reason')}). The recording goes on.`);
            break;
        case 'tus-upload-resumed':
            print(`The server is back after ${seconds(fields, 'outage-time')}.`);
            break;
        case 'tus-upload-complete':
            this.complete = true;
            print(`Upload complete: ${number(fields, 'bytes')} bytes, ` +
                `${seconds(fields, 'drain-time')} after the end of the recording.`);
            break;
        case 'tus-upload-kept':
            print(`${megabytes(fields, 'bytes-missing')} are ` +
                `${isSet(fields, 'whole') ? '' : 'not all '}kept on disk. ` +
                `To finish: ${text(fields, 'command')}`);
            break;
        }
    }

    end() {
        if (this.ending)
            return;
        this.ending = true;
        this.pipeline.send_event(Gst.Event.new_eos());
    }

    onInterrupt() {
        if (this.ending) {
            this.failed = true;
            this.loop.quit();
        }
        this.end();
        return GLib.SOURCE_CONTINUE;
    }
}

Gst.init(null);
const length = Number(ARGV[0] ?? 0);
let recorder;
try {
    recorder = new Recorder(ARGV[1] ?? 'gcoresink');
} catch (error) {
    printerr(`Error: ${error.message}`);
    System.exit(1);
}
System.exit(recorder.record(length) ? 0 : 1);
