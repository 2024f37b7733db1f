// Puts the page together: phones, tabs, settings, and what happens meanwhile.

import * as api from "./api.js";
import { Phone } from "./phone.js";
import { Tabs } from "./tabs.js";

const place = document.getElementById("phones");
const tabs = new Tabs(document.getElementById("tabs"));
const settings = document.getElementById("settings");
const phones = new Map();
let maskedNumbers = [];

function tell(problem) {
  document.getElementById("problem").textContent = problem;
}

function live(isLive) {
  const connection = document.getElementById("connection");
  connection.textContent = isLive ? "Live" : "Reconnecting";
  connection.classList.toggle("live", isLive);
}

function add(number) {
  if (phones.has(number)) return phones.get(number);
  const phone = new Phone(number, maskedNumbers, tell);
  phones.set(number, phone);
  place.append(phone.element);
  tabs.add(phone);
  return phone;
}

function remove(number) {
  const phone = phones.get(number);
  if (!phone) return;
  phones.delete(number);
  tabs.remove(phone);
  phone.element.remove();
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
    add(number).load(texts);
  }
  choose(await api.settings());
}

// Events wait for a load that is under way: it must not undo what they tell.
let loaded = Promise.resolve();

function load() {
  loaded = loaded.then(loadAll).catch((problem) => tell(problem.message));
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
    tell("");
  } catch (problem) {
    tell(problem.message);
  }
});

settings.addEventListener("change", () => {
  api.change(Object.fromEntries(new FormData(settings))).catch((problem) => tell(problem.message));
});

load();
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
      if (text.direction === "received") tabs.news(owner);
    }),
  },
  live,
);
