// SPDX-License-Identifier: GPL-3.0-or-later
//
// A program as users write it: Snowflake's own driver, told where to go by
// connections.toml and nothing else.  Each line on stdout is one connection
// that was refused ("refused CODE") or a row of a query ("USER ROLE").
//
//	query.js once           connect, ask who we are
//	query.js pinned         the same; then new connections by the option
//	                        object, until its token is refused; then again
//	                        by the file, and over the one that is open
//	query.js often N        the same; then N new connections, each by
//	                        connections.toml; one whose token is replaced
//	                        meanwhile is tried again
//	query.js while FILE     the same, as long as FILE is there, and then
//	                        once more
//	query.js refresh FILE   the text in FILE is the refresh token of a login
//	                        that the driver's own store remembers; connect
//	                        until the driver has renewed it by itself

'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const snowflake = require('snowflake-sdk');
const toml = require('toml');

const PATIENCE_MS = 60000;
const PAUSE_MS = 100;
const EXPIRED = '390318';
const INVALID = '390303';

snowflake.configure({
  logLevel: 'OFF',
  additionalLogToConsole: false,
  disableOCSPChecks: true,
});

const say = (line) => process.stdout.write(line + '\n');

const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

// What the driver would read by itself, as the object that programs with
// pools keep.
function optionsOfFile() {
  const home = process.env.SNOWFLAKE_HOME ??
    path.join(os.homedir(), '.snowflake');
  const file = path.join(home, 'connections.toml');
  const name = process.env.SNOWFLAKE_DEFAULT_CONNECTION_NAME;

  return snowflake.normalizeConnectionOptions(
    toml.parse(fs.readFileSync(file, 'utf8'))[name]);
}

function connect(options) {
  return new Promise((done, failed) => {
    const connection = snowflake.createConnection(options);

    // what fails before the login is thrown, and not told to the callback
    connection.connectAsync((error) => {
      if (error)
        failed(error);
      else
        done(connection);
    }).catch(failed);
  });
}

function ask(connection) {
  return new Promise((done, failed) => {
    connection.execute({
      sqlText: 'select current_user(), current_role()',
      rowMode: 'array',
      complete: (error, statement, rows) => {
        if (error)
          failed(error);
        else
          done(rows[0].join(' '));
      },
    });
  });
}

function end(connection) {
  return new Promise((done) => connection.destroy(() => done()));
}

async function once(options) {
  const connection = await connect(options);

  say(await ask(connection));
  await end(connection);
}

// until(STEP): take STEP until it is done, but not for ever.
async function until(step) {
  const deadline = Date.now() + PATIENCE_MS;

  while (!await step()) {
    if (Date.now() > deadline)
      throw new Error('not in ' + PATIENCE_MS + ' ms');
    await pause();
  }
}

async function pinned() {
  const options = optionsOfFile();
  const open = await connect(options);

  say(await ask(open));
  await until(async () => {
    try {
      await end(await connect(options));
      return false;
    } catch (error) {
      say('refused ' + error.code);
      return true;
    }
  });
  await once();
  say(await ask(open));
  await end(open);
}

async function often(count) {
  await once();
  await until(async () => {
    try {
      await end(await connect());
      count--;
    } catch (error) {
      if (error.code !== INVALID)
        throw error;
      say('refused ' + error.code);
    }
    return count <= 0;
  });
  await once();
}

async function asLongAs(file) {
  await once();
  await until(async () => {
    await end(await connect());
    return !fs.existsSync(file);
  });
  await once();
}

// The driver's store of credentials, holding one refresh token.  It counts
// what the driver keeps in it: the first access token is no renewal.
function storeOf(refreshToken) {
  const entries = new Map();
  const store = {
    kept: 0,
    read: (key) => entries.get(key) ??
      (/refresh/i.test(key) ? refreshToken : null),
    write: (key, value) => {
      store.kept++;
      entries.set(key, value);
    },
    remove: (key) => {
      if (/refresh/i.test(key))
        throw new Error('the refresh token was given up');
      entries.delete(key);
    },
  };
  return store;
}

async function refresh(file) {
  const store = storeOf(fs.readFileSync(file, 'utf8').trim());
  const noBrowser = () => {
    throw new Error('the driver wants a browser');
  };
  const options = Object.assign(optionsOfFile(),
    { openExternalBrowserCallback: noBrowser });

  // No connection is ended: the driver's telemetry may come after its own
  // logout, and for that refusal, too, the driver forgets its access token.
  snowflake.configure({ customCredentialManager: store });
  say(await ask(await connect(options)));
  await until(async () => {
    await connect(options);
    return store.kept === 2;
  });
  say('renewed');
  say(await ask(await connect(options)));
}

async function main(verb, what) {
  if (verb === 'once' && what === undefined)
    await once();
  else if (verb === 'pinned' && what === undefined)
    await pinned();
  else if (verb === 'often' && what > 0)
    await often(Number(what));
  else if (verb === 'while' && what !== undefined)
    await asLongAs(what);
  else if (verb === 'refresh' && what !== undefined)
    await refresh(what);
  else
    throw new Error('usage: query.js ' +
      'once|pinned|often N|while FILE|refresh FILE');
}

main(...process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write((error.code ?? 'error') + ' ' + error.message + '\n');
    process.exit(error.code === EXPIRED ? 3 : 1);
  });
