// One phone: its threads, of which one is open, and which others have texts that were not read.

import * as api from "./api.js";
import { Thread } from "./thread.js";

export class Phone {
  constructor(number, report) {
    this.number = number;
    this.report = report;
    this.element = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.maskedNumbers = [];
    this.threads = new Map();
    this.unread = new Set();
    this.opened = null;
    this.choice = this.find(".masked");
    this.find(".number").textContent = number;
    this.element.setAttribute("aria-label", `Phone ${number}`);
    this.choice.setAttribute("aria-label", `Masked number that ${number} texts`);
    this.choice.addEventListener("change", () => this.open(this.choice.value));
    const remove = this.find(".remove");
    remove.setAttribute("aria-label", `Remove phone ${number} and its texts`);
    remove.addEventListener("click", () => api.removePhone(number).catch((problem) => report(problem.message)));
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  thread(number) {
    if (!this.threads.has(number)) this.threads.set(number, new Thread(this.number, number, this.report));
    return this.threads.get(number);
  }

  // The first time, the newest thread is opened. Later the open one, drafts and positions stay.
  load(maskedNumbers, texts) {
    this.maskedNumbers = maskedNumbers;
    const ids = new Set(texts.map((text) => text.id));
    for (const thread of this.threads.values()) thread.keepOnly(ids);
    texts.forEach((text) => this.put(text));
    if (this.opened === null) this.open(texts.at(-1)?.peer ?? maskedNumbers[0]);
    this.showNumbers();
  }

  put(text) {
    const isNew = this.thread(text.peer).put(text);
    const isElsewhere = this.opened !== null && text.peer !== this.opened;
    if (isNew && isElsewhere && text.direction === "received") this.unread.add(text.peer);
    this.showNumbers();
  }

  open(number) {
    this.opened = number;
    this.unread.delete(number);
    const thread = this.thread(number);
    this.find(".opened").replaceChildren(thread.element);
    thread.end.restore();
    this.showNumbers();
  }

  showNumbers() {
    const numbers = [...new Set([...this.maskedNumbers, ...this.threads.keys()])];
    const mark = (number) => (this.unread.has(number) ? `● ${number}` : number);
    const options = numbers.map((number) => new Option(mark(number), number, false, number === this.opened));
    const labels = options.map((option) => option.label).join();
    // An open list of choices would close.
    if (labels !== this.labels) this.choice.replaceChildren(...options);
    this.labels = labels;
    this.choice.value = this.opened;
    this.showUnread();
  }

  showUnread() {
    const shown = [...this.find(".unread").children].map((button) => button.value).join();
    if (shown === [...this.unread].join()) return;
    this.find(".unread").replaceChildren(...[...this.unread].map((number) => this.unreadButton(number)));
  }

  unreadButton(number) {
    const button = document.createElement("button");
    button.type = "button";
    button.value = number;
    button.textContent = `● New from ${number}`;
    button.addEventListener("click", () => {
      this.open(number);
      this.thread(number).draft.focus();
    });
    return button;
  }

  remove() {
    for (const thread of this.threads.values()) thread.keepOnly(new Set());
    this.element.remove();
  }
}
