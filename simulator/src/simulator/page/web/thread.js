// What one phone and one masked number text each other, with the text being typed to that number.

import * as api from "./api.js";
import { read } from "./media.js";
import { EndFollower } from "./scroll.js";
import { hasFailed, TextItem } from "./text.js";

// As many as the simulator keeps of a phone.
const maxTexts = 500;

export class Thread {
  constructor(phone, number, report) {
    this.phone = phone;
    this.number = number;
    this.report = report;
    this.items = new Map();
    this.isSending = false;
    this.element = document.getElementById("thread").content.firstElementChild.cloneNode(true);
    this.list = this.find(".thread");
    this.draft = this.find(".draft");
    this.file = this.find(".file");
    this.end = new EndFollower(this.find(".scroller"), this.list, this.find(".new-texts"));
    this.find(".scroller").setAttribute("aria-label", `Texts between ${phone} and ${number}`);
    this.draft.setAttribute("aria-label", `Text from ${phone} to ${number}`);
    this.listen();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    this.find(".compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.file.addEventListener("change", () => this.showFiles());
    this.draft.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
  }

  // Until the simulator has it, the text stays in its field and cannot be changed.
  async send() {
    const files = [...this.file.files];
    if (this.isSending || (this.draft.value === "" && files.length === 0)) return;
    this.isSending = this.draft.readOnly = this.file.disabled = true;
    const isSent = await this.attempt(async () => {
      const media = await Promise.all(files.map(read));
      await api.send(this.phone, this.number, this.draft.value, media);
    });
    this.isSending = this.draft.readOnly = this.file.disabled = false;
    if (!isSent) return;
    this.draft.value = this.file.value = "";
    this.showFiles();
    this.end.toEnd();
    // Whoever types elsewhere by now goes on there.
    if (this.element.contains(document.activeElement)) this.draft.focus();
  }

  async attempt(action) {
    try {
      await action();
      this.report("");
      return true;
    } catch (problem) {
      this.report(problem.message);
      return false;
    }
  }

  showFiles() {
    const names = [...this.file.files].map((file) => file.name).join(", ");
    this.find(".attach").classList.toggle("full", names !== "");
    this.find(".attach").title = names || "Attach pictures";
  }

  // Returns whether the text is new here.
  put(text) {
    const known = this.items.get(text.id);
    const hasNewlyFailed = known && hasFailed(text) && !hasFailed(known.text);
    if (known) known.update(text);
    else this.add(text);
    this.end.onChange(known ? hasNewlyFailed && "A text was not accepted" : "New texts");
    return !known;
  }

  add(text) {
    const item = new TextItem(text, (id) => this.attempt(() => api.resend(id)));
    this.items.set(text.id, item);
    this.list.append(item.element);
    if (this.items.size > maxTexts) this.drop(this.items.keys().next().value);
  }

  drop(id) {
    this.items.get(id).remove();
    this.items.delete(id);
  }

  keepOnly(ids) {
    [...this.items.keys()].filter((id) => !ids.has(id)).forEach((id) => this.drop(id));
  }
}
