// One handset: its thread, and a field to type as its owner. Texts are only ever set as text.

import * as api from "./api.js";
import { read, shown } from "./media.js";

const states = {
  sending: () => "sending",
  accepted: (text) => (text.attempts > 1 ? `accepted, sent ${text.attempts} times` : "accepted"),
  resending: (text) => `not accepted yet, sent ${text.attempts} ${text.attempts === 1 ? "time" : "times"}`,
  not_accepted: (text) =>
    text.attempts ? `not accepted, given up after ${text.attempts} times` : "kept: the gateway is not told",
  received: () => "",
};

const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

const time = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export class Phone {
  constructor(number, maskedNumbers, tell) {
    this.number = number;
    this.tell = tell;
    this.element = copy("phone");
    this.items = new Map();
    this.thread = this.find(".thread");
    this.masked = this.find(".masked");
    this.words = this.find(".words");
    this.file = this.find(".file");
    this.find(".number").textContent = number;
    this.element.setAttribute("aria-label", `Phone ${number}`);
    this.find(".remove").setAttribute("aria-label", `Take phone ${number} away`);
    this.masked.replaceChildren(...maskedNumbers.map((masked) => new Option(masked, masked)));
    this.listen();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    this.masked.addEventListener("change", () => this.showLine());
    this.find(".remove").addEventListener("click", () => this.try(() => api.removePhone(this.number)));
    this.find(".compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.file.addEventListener("change", () => this.showFile());
    this.words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
  }

  async send() {
    const body = this.words.value;
    const files = [...this.file.files];
    if (body === "" && files.length === 0) return;
    const sent = await this.try(async () => {
      const media = await Promise.all(files.map(read));
      return api.send(this.number, this.masked.value, body, media);
    });
    if (sent) this.words.value = this.file.value = "";
    this.showFile();
    this.words.focus();
  }

  showFile() {
    this.find(".attach").classList.toggle("full", this.file.files.length > 0);
  }

  async try(action) {
    try {
      const result = await action();
      this.tell("");
      return result;
    } catch (problem) {
      this.tell(problem.message);
      return null;
    }
  }

  load(texts) {
    this.items.clear();
    this.thread.replaceChildren();
    texts.forEach((text) => this.put(text));
  }

  put(text) {
    const known = this.items.get(text.id);
    const item = known ?? this.newItem(text);
    const state = item.querySelector(".state");
    state.textContent = states[text.state](text);
    state.className = `state ${text.state}`;
    if (!known) this.append(item, text);
  }

  newItem(text) {
    const item = copy("text");
    item.classList.add(text.direction);
    item.dataset.peer = text.peer;
    item.querySelector(".body").textContent = text.body || (text.media.length ? "" : "(no words)");
    item.querySelector(".media").replaceChildren(...text.media.map(shown));
    item.querySelector("time").textContent = time(text.time);
    item.querySelector(".resend").addEventListener("click", () => this.try(() => api.resend(text.id)));
    this.items.set(text.id, item);
    return item;
  }

  append(item, text) {
    if (text.direction === "received" && text.peer !== this.masked.value) {
      this.masked.value = text.peer;
      this.showLine();
    }
    item.classList.toggle("elsewhere", text.peer !== this.masked.value);
    this.thread.append(item);
    this.thread.scrollTop = this.thread.scrollHeight;
  }

  showLine() {
    for (const item of this.items.values()) {
      item.classList.toggle("elsewhere", item.dataset.peer !== this.masked.value);
    }
    this.thread.scrollTop = this.thread.scrollHeight;
  }
}
