// A real shop to test against: Vendure on PostgreSQL, on loopback, telling the hub by signed webhooks.
//
// Settings come from the environment: PEER_PORT, PEER_DATABASE, PEER_PASSWORD, PEER_COOKIE, and PGHOST
// and PGUSER as PostgreSQL's own programs read them. With PEER_HOOK_URL and PEER_HOOK_SECRET events are
// posted there. Prints one line of JSON when it takes requests.
"use strict";

const { bootstrap, dummyPaymentHandler, DefaultJobQueuePlugin, DefaultLogger, DefaultSearchPlugin,
  JobQueueService, LogLevel } = require("@vendure/core");

const asked = process.env;
const plugins = [DefaultJobQueuePlugin, DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true })];
if (asked.PEER_HOOK_URL) plugins.push(require("./webhooks").Webhooks);

const config = {
  apiOptions: { port: Number(asked.PEER_PORT), hostname: "127.0.0.1", adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: {
    tokenMethod: ["bearer"],
    superadminCredentials: { identifier: "superadmin", password: asked.PEER_PASSWORD },
    cookieOptions: { secret: asked.PEER_COOKIE },
    requireVerification: false,
  },
  dbConnectionOptions: {
    type: "postgres", host: asked.PGHOST, username: asked.PGUSER, database: asked.PEER_DATABASE,
    synchronize: true, migrations: [],
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: false }),
  plugins,
};

bootstrap(config)
  .then(async (app) => {
    await app.get(JobQueueService).start();
    console.log(JSON.stringify({ ready: true, port: config.apiOptions.port }));
  })
  .catch((error) => { console.error(error); process.exit(1); });
