// A Vendure plugin that posts what happens in the shop to one address, signed as Standard Webhooks asks:
// webhook-id, webhook-timestamp and webhook-signature (HMAC-SHA256 of "id.timestamp.body", base64).
// It names records and leaves their content to whoever asks; it does not repeat what got no answer, so
// that the hub's poll must find what a webhook did not tell.
"use strict";

const crypto = require("crypto");
const { EventBus, FulfillmentStateTransitionEvent, OrderEvent, OrderPlacedEvent, OrderStateTransitionEvent,
  PluginCommonModule, RefundStateTransitionEvent, StockMovementEvent, VendurePlugin } = require("@vendure/core");

const address = process.env.PEER_HOOK_URL;
const secret = Buffer.from((process.env.PEER_HOOK_SECRET || "").replace(/^whsec_/, ""), "base64");

const told = [
  [OrderPlacedEvent, "order.placed", (event) => ({ order: event.order.id, code: event.order.code })],
  [OrderStateTransitionEvent, "order.moved", (event) => ({ order: event.order.id, from: event.fromState, to: event.toState })],
  [OrderEvent, "order.changed", (event) => ({ order: event.order.id, what: event.type })],
  [FulfillmentStateTransitionEvent, "fulfilment.moved", (event) => ({ fulfilment: event.fulfillment.id, to: event.toState })],
  [RefundStateTransitionEvent, "refund.moved", (event) => ({ refund: event.refund.id, order: event.order.id, to: event.toState })],
  [StockMovementEvent, "stock.moved", (event) => ({ movements: event.stockMovements.map((one) => one.id) })],
];

function post(type, data) {
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  const id = `msg_${crypto.randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digest = crypto.createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${digest}`,
  };
  fetch(address, { method: "POST", body, headers, signal: AbortSignal.timeout(5000) })
    .catch((error) => console.error("webhook not taken:", error.message));
}

class Webhooks {
  constructor(events) { this.events = events; }

  onApplicationBootstrap() {
    for (const [kind, type, said] of told) this.events.ofType(kind).subscribe((event) => post(type, said(event)));
  }
}

Reflect.defineMetadata("design:paramtypes", [EventBus], Webhooks);
VendurePlugin({ imports: [PluginCommonModule], compatibility: "^3.0.0" })(Webhooks);
module.exports = { Webhooks };
