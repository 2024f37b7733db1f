// The health of the services that a text passes, and what follows from it for texts.

import * as api from "./api.js";
import { setTime } from "./clock.js";

const interval = 2_000;

const labels = { ready: "ready", not_ready: "not ready", unknown: "not known" };

const effects = {
  gateway: "The gateway does not respond. Texts wait on the phone until one of their next tries succeeds.",
  "conversation service":
    "The conversation service is not ready, so the gateway refuses texts. They wait on the phone for their next try.",
  "messaging service": "The messaging service is not ready. Texts are accepted, but delivered only when it is ready again.",
};
const noSimulator = "The simulator does not respond. The page shows what it knew last.";

export class Services {
  constructor() {
    this.services = [];
    this.isConnected = false;
    this.isKnown = false;
    this.poll();
  }

  setConnected(isConnected) {
    this.isConnected = isConnected;
    this.show();
  }

  async poll() {
    try {
      const { services, time } = await api.services();
      setTime(time);
      this.services = services;
      this.isKnown = true;
    } catch {
      this.services = this.services.map(({ name }) => ({ name, state: "unknown" }));
      this.isKnown = false;
    }
    this.show();
    setTimeout(() => this.poll(), interval);
  }

  show() {
    const troubled = this.services.find(({ state }) => state === "not_ready");
    const isLive = this.isConnected && this.isKnown && !troubled;
    const connection = document.getElementById("connection");
    change(connection, isLive ? "Live" : this.problem(troubled));
    connection.classList.toggle("live", isLive);
    change(document.getElementById("effect"), this.effect(troubled));
    const items = this.services.map(({ name, state }) => serviceItem(name, state));
    document.getElementById("services").replaceChildren(...items);
  }

  problem(troubled) {
    if (troubled) return "Not live";
    return this.services.length > 0 ? "Not connected" : "Connecting";
  }

  effect(troubled) {
    if (troubled) return effects[troubled.name];
    const hasFailed = this.services.length > 0 && !this.isKnown;
    return hasFailed ? noSimulator : "";
  }
}

// Unchanged text is not set again: it would be read out again.
function change(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function serviceItem(name, state) {
  const item = document.createElement("li");
  item.className = state;
  item.textContent = `${name}: ${labels[state]}`;
  return item;
}
