// One text of a thread: what it says, its files, and how far it got. Bodies are only set as text.

import { secondsUntil } from "./clock.js";
import { shown } from "./media.js";

const answer = (text) => (text.last_status === null ? "no response" : `HTTP ${text.last_status}`);
const times = (number) => (number === 1 ? "once" : `${number} times`);

const states = {
  sending: () => "sending",
  accepted: (text) => (text.attempts > 1 ? `accepted by Maskline, sent ${times(text.attempts)}` : "accepted by Maskline"),
  resending: (text) => `not accepted (${answer(text)}), sent ${times(text.attempts)}`,
  not_accepted: (text) =>
    text.attempts ? `not accepted (${answer(text)}), given up, sent ${times(text.attempts)}` : "not sent to Maskline",
  received: () => "",
};

const again = { accepted: "send again", resending: "try now", not_accepted: "send again" };

const isToday = (date) => date.toDateString() === new Date().toDateString();

function timeOf(iso) {
  const date = new Date(iso);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return isToday(date) ? time : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

const waiting = new Set();
setInterval(() => waiting.forEach((item) => item.countDown()), 1000);

export class TextItem {
  constructor(text, resend) {
    this.element = document.getElementById("text").content.firstElementChild.cloneNode(true);
    this.element.classList.add(text.direction);
    this.find(".body").textContent = text.body || (text.media.length ? "" : "(empty)");
    this.find(".media").replaceChildren(...text.media.map(shown));
    this.find("time").textContent = timeOf(text.time);
    this.find("time").dateTime = text.time;
    this.find(".resend").addEventListener("click", () => resend(text.id));
    this.update(text);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  update(text) {
    this.text = text;
    const state = this.find(".state");
    const label = states[text.state](text);
    // Set only when it changes: each change is read out.
    if (state.textContent !== label) state.textContent = label;
    state.className = `state ${text.state}`;
    waiting.delete(this);
    if (text.next_attempt) waiting.add(this);
    this.countDown();
  }

  countDown() {
    const seconds = this.text.next_attempt ? secondsUntil(this.text.next_attempt) : null;
    const isDue = seconds !== null && seconds <= 0;
    const next = isDue ? "trying now" : `next try in ${seconds} s`;
    this.find(".next").textContent = seconds === null ? "" : next;
    const resend = this.find(".resend");
    resend.textContent = again[this.text.state] ?? "";
    resend.hidden = isDue || !again[this.text.state];
  }

  remove() {
    waiting.delete(this);
    this.element.remove();
  }
}

export const hasFailed = (text) => text.state === "resending" || text.state === "not_accepted";
