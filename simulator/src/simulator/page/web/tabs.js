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
    this.tabs.get(phone).classList.remove("news");
    phone.thread.scrollTop = phone.thread.scrollHeight;
  }

  news(phone) {
    if (phone !== this.shown) this.tabs.get(phone).classList.add("news");
  }
}
