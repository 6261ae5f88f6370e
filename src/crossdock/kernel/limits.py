"""Every cap in one file: what the hub takes in is bounded, by name, before it costs anything.

The unit comes last in a name. Raising a cap here raises it everywhere; a test at the cap and one
past it stand in `tests/unit/kernel`.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- bodies and messages -----------------------------------------------------------------------

# A single-message request. One order of a thousand lines is about 100 KiB; a megabyte is generous.
BODY_BYTES_MAX: Final = 1 * MIB

# A batch request (JSON array or NDJSON). 5,000 messages of 600 bytes are 3 MB; five times that.
BATCH_BODY_BYTES_MAX: Final = 16 * MIB

# One message. It bounds what the untyped look at a message may allocate to a few megabytes.
MESSAGE_BYTES_MAX: Final = 256 * KIB

# Messages per batch. One database commit takes about this many without becoming long.
BATCH_MESSAGES_MAX: Final = 5_000

# Levels of arrays and objects in one message; `[[1]]` has two. Real documents have under ten.
MESSAGE_DEPTH_MAX: Final = 64

# Object members in one message, counted over all its objects.
MESSAGE_KEYS_MAX: Final = 10_000

# Lines of one order, and of any other document. With some eight keys a line they stay within the
# keys of a message.
ORDER_LINES_MAX: Final = 1_000
DOCUMENT_LINES_MAX: Final = 1_000

# Prices of one item on one list: quantity breaks, units, currencies and times.
PRICE_STEPS_MAX: Final = 500

# Who is promised units of the items in question, of those whom a conflict may name.
PROMISED_LOADED_MAX: Final = 1_000

# Fields that one proposal to an owner shows; every noun has fewer.
PROPOSAL_CHANGES_MAX: Final = 100

# Characters kept of a far record that could not be read; base64 makes four of three bytes.
RECORD_KEPT_CHARACTERS_MAX: Final = 128 * KIB

# How long a far system may go unasked; what is to be read more rarely has a schedule.
POLL_SECONDS_MAX: Final = 86_400

# Records of a feed that a far system pointed at, asked for in one turn.
NUDGES_MAX: Final = 100

# All request headers together.
HEADERS_BYTES_MAX: Final = 16 * KIB

# One header value that we send or show.
HEADER_LENGTH_MAX: Final = 4 * KIB

# How long a sender may take to deliver its whole body; a slower one is cut off.
RECEIVE_SECONDS_MAX: Final = 15

# --- compressed bodies -------------------------------------------------------------------------

# Output bytes per input byte. JSON batches of near-equal messages reach 30; gzip can reach 1,030.
INFLATED_RATIO_MAX: Final = 200

# Below this output size the ratio is not judged: a short run of blanks is no bomb.
INFLATED_UNJUDGED_BYTES_MAX: Final = 64 * KIB

# Concatenated gzip members. Honest senders write one.
INFLATED_MEMBERS_MAX: Final = 16

# --- text: lengths count characters (code points) ------------------------------------------------

# Numbers by which systems call things: items, orders, sites, parties, lots.
IDENTIFIER_LENGTH_MAX: Final = 64

# One line of text: names, streets, subjects.
NAME_LENGTH_MAX: Final = 200

# Several lines of text: descriptions, delivery notes, remarks.
TEXT_LENGTH_MAX: Final = 4_000

# What a person writes in place of a held message's data, in characters.
CORRECTED_LENGTH_MAX: Final = 65_536

# How many messages a dry run follows before it says that there is more.
REHEARSED_MESSAGES_MAX: Final = 200

# How many waiting messages and effects one bulk retry takes at most.
REDRIVEN_MAX: Final = 10_000

# --- reservations --------------------------------------------------------------------------------

# How long a reservation may stand before it expires: a quarter, which no cart outlives.
RESERVATION_SECONDS_MAX: Final = 92 * 86_400

# --- numbers -----------------------------------------------------------------------------------

# A quantity in base units at fixed scale. A thousand balances of this size still fit in 64 bits.
QUANTITY_MAX: Final = 10**12

# Digits before the point, and after it, of a quantity that is said in a unit: `1.5` metres.
UNIT_DIGITS_MAX: Final = 12

# Kits within kits, and components of one kit once all its kits are taken apart.
KIT_LEVELS_MAX: Final = 5
KIT_COMPONENTS_MAX: Final = 99

# Levels of a tree of parties or locations.
HIERARCHY_DEPTH_MAX: Final = 32

# An amount in minor units. Ten trillion in a two-decimal currency.
MONEY_MINOR_MAX: Final = 10**15

# Any other whole number in a message: what a signed 64-bit column holds.
INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

# A number with a point or an exponent, as written. A 64-bit float needs at most 24 characters.
NUMBER_LENGTH_MAX: Final = 40

# Its exponent, either sign. `1e100000` is eight characters on the wire and 100 kB in a jsonb.
NUMBER_EXPONENT_MAX: Final = 30

# --- what errors and logs show -----------------------------------------------------------------

# Characters shown of one value.
SHOWN_LENGTH_MAX: Final = 80

# Members shown of one list or object.
SHOWN_ITEMS_MAX: Final = 5

# Levels shown of a nested value.
SHOWN_DEPTH_MAX: Final = 3

# --- the door ----------------------------------------------------------------------------------

# Messages that wait for the store's next commit. A commit takes some 10 ms per thousand, so that
# whoever is last in line waits well under a second; more senders are told to come again.
INTAKE_WAITING_MESSAGES_MAX: Final = 20_000

# Messages of one append, gathered over all senders.
INTAKE_APPEND_MESSAGES_MAX: Final = 1_000

# Tries of one append, and the longest pause between two, before its senders are told.
INTAKE_TRIES_MAX: Final = 6
INTAKE_PAUSE_SECONDS_MAX: Final = 1.0

# After so long no further try of an append is begun: a try may wait ten seconds for a connection,
# and its senders shall hear "not now" before they lose patience themselves.
INTAKE_SECONDS_MAX: Final = 10.0

# Calls that wait for an answer, and calls that a desk decides in one transaction: at 4,000 calls a
# second the last in line waits half a second.
CALLS_WAITING_MAX: Final = 2_000
CALL_BATCH_MAX: Final = 256

# Items of one question about availability.
QUERY_ITEMS_MAX: Final = 1_000

# Tries of one batch of calls, and the longest pause between two, before its callers are told.
CALL_TRIES_MAX: Final = 8
CALL_PAUSE_SECONDS_MAX: Final = 0.5

# One request that streams a message per line, of which only a few hundred are held at a time.
STREAM_BODY_BYTES_MAX: Final = 64 * MIB
STREAM_MESSAGES_MAX: Final = 100_000

# Lines of it that may be refused before the rest is not read: such a file is broken.
STREAM_REFUSED_MAX: Final = 1_000

# Bodies that are being received or worked on, all requests together.
RECEIVING_BYTES_MAX: Final = 128 * MIB

# Connections open at the same time.
CONNECTIONS_MAX: Final = 4_000

# How long a connection may go on sending what nobody reads any more, after its answer.
LINGER_SECONDS_MAX: Final = 2

# Requests with a wrong key from one address in a minute, and how many addresses are remembered.
WRONG_KEYS_PER_MINUTE_MAX: Final = 60
WRONG_KEY_ADDRESSES_MAX: Final = 10_000

# An event may be this far in the future, for clocks that run ahead.
EVENT_AHEAD_SECONDS_MAX: Final = 86_400
