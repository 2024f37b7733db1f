// Puts the page together: phones, tabs, settings, health, and the events of the simulator.

import * as api from "./api.js";
import { Phone } from "./phone.js";
import { Services } from "./services.js";
import { Tabs } from "./tabs.js";

const retryDelay = 2_000;

const tabs = new Tabs(document.getElementById("tabs"));
const services = new Services();
const settings = document.getElementById("settings");
const phones = new Map();
let maskedNumbers = [];

function report(problem) {
  document.getElementById("problem").textContent = problem;
}

function add(number, texts) {
  let phone = phones.get(number);
  if (!phone) {
    phone = new Phone(number, report);
    phones.set(number, phone);
    document.getElementById("phones").append(phone.element);
    tabs.add(phone);
  }
  if (texts || phone.opened === null) phone.load(maskedNumbers, texts ?? []);
}

function remove(number) {
  const phone = phones.get(number);
  if (!phone) return;
  phones.delete(number);
  tabs.remove(phone);
  phone.remove();
}

function choose(choices) {
  for (const [name, value] of Object.entries(choices)) {
    if (settings.elements[name]) settings.elements[name].value = value;
  }
}

async function loadAll() {
  const known = await api.phones();
  maskedNumbers = known.masked_numbers;
  [...phones.keys()].filter((number) => !known.phones.includes(number)).forEach(remove);
  for (const number of known.phones) {
    const { texts } = await api.texts(number);
    add(number, texts);
  }
  choose(await api.settings());
}

// Events wait for a load in progress: it must not undo them.
let loaded = Promise.resolve();

function load() {
  loaded = loaded.then(loadAll).catch((problem) => {
    report(problem.message);
    setTimeout(load, retryDelay);
  });
}

const afterLoad = (handle) => (data) => {
  loaded = loaded.then(() => handle(data));
};

document.getElementById("add-phone").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    await api.addPhone(form.elements.number.value.trim());
    form.reset();
    report("");
  } catch (problem) {
    report(problem.message);
  }
});

settings.addEventListener("change", () => {
  api.change(Object.fromEntries(new FormData(settings))).catch((problem) => report(problem.message));
});

// The first event of a new stream is "reset".
api.follow(
  {
    reset: load,
    phone_added: afterLoad(({ number }) => add(number)),
    phone_removed: afterLoad(({ number }) => remove(number)),
    settings: afterLoad(choose),
    text: afterLoad(({ phone, text }) => {
      const owner = phones.get(phone);
      if (!owner) return;
      owner.put(text);
      if (text.direction === "received") tabs.markUnread(owner);
    }),
  },
  (isConnected) => services.setConnected(isConnected),
);
