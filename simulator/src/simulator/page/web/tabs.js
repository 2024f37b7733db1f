// On a small screen one phone is shown at a time.

export class Tabs {
  constructor(element) {
    this.element = element;
    this.tabs = new Map();
    this.shown = null;
  }

  add(phone) {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.className = "tab";
    tab.textContent = phone.number;
    tab.addEventListener("click", () => this.show(phone));
    this.element.append(tab);
    this.tabs.set(phone, tab);
    if (this.shown === null) this.show(phone);
    else tab.setAttribute("aria-pressed", "false");
  }

  remove(phone) {
    this.tabs.get(phone).remove();
    this.tabs.delete(phone);
    if (this.shown !== phone) return;
    this.shown = null;
    const [next] = this.tabs.keys();
    if (next) this.show(next);
  }

  show(phone) {
    this.shown = phone;
    for (const [other, tab] of this.tabs) {
      const pressed = other === phone;
      tab.setAttribute("aria-pressed", String(pressed));
      other.element.classList.toggle("shown", pressed);
    }
    this.mark(phone, false);
  }

  markUnread(phone) {
    if (phone !== this.shown) this.mark(phone, true);
  }

  mark(phone, isUnread) {
    const tab = this.tabs.get(phone);
    tab.classList.toggle("has-unread", isUnread);
    tab.setAttribute("aria-label", isUnread ? `${phone.number}, new texts` : phone.number);
  }
}
