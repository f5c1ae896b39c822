'use strict';
const form = document.querySelector('form');
const answer = document.querySelector('#answer');

// What was filled in, as the service takes it.
function payload() {
  const fields = {};
  for (const field of form.querySelectorAll('[data-kind]')) {
    const isNumber = field.dataset.kind === 'number' && field.value !== '';
    fields[field.name] = isNumber ? Number(field.value) : field.value || null;
  }
  return fields;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function command(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${location.origin}/predict -H 'content-type: application/json' -d '${quoted}'`;
}

function show(parts, body, answered) {
  const details = element('details', '');
  details.append(element('summary', 'The same by curl, and the whole answer'), element('pre', command(body)), element('pre', answered));
  answer.replaceChildren(...parts, details);
  answer.hidden = false;
  answer.scrollIntoView({ block: 'nearest' });
}

function prediction(found) {
  const bar = element('progress', '');
  bar.max = 1;
  bar.value = found.prediction;
  const risk = found.high_risk === 'yes' ? 'high risk' : 'no high risk';
  const decided = `${risk}, decided by the ${found.model_used}, in ${(found.response_time * 1000).toFixed(2)} ms`;
  return [element('div', `${(found.prediction * 100).toFixed(1)} %`, 'figure'), bar, element('p', decided, found.high_risk),
          element('p', `uid ${found.uid}`, 'muted')];
}

function problem(found) {
  const list = element('ul', '');
  const errors = found.errors ?? [];
  // A single one is what the detail says.
  if (errors.length > 1) for (const error of errors) list.append(element('li', `${error.field} ${error.detail}`));
  return [element('div', found.title, 'figure yes'), element('p', found.detail), list];
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = payload();
  const headers = { 'content-type': 'application/json' };
  const token = form.querySelector('#token')?.value;
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch('predict', { method: 'POST', headers, body: JSON.stringify(body) });
    const found = await response.json();
    show(response.ok ? prediction(found) : problem(found), body, JSON.stringify(found, null, 2));
  } catch (error) {
    show(problem({ title: 'No answer', detail: String(error) }), body, '');
  }
});

document.querySelector('#fill').addEventListener('click', () => {
  for (const field of form.querySelectorAll('[data-example]')) field.value = field.dataset.example;
});
