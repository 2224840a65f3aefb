// What the store's reason codes mean, in a few words; the codes themselves are in docs/send/validation.md.

const REASONS: Record<string, string> = {
  // refused at the door
  "duplicate-in-request": "Sent twice in one request",
  cell_away: "While the tenant's server could not be reached: to be sent again",
  event_too_large: "Too large to be stored",
  key_may_not_write: "Sent with a key that may not write",
  key_missing: "Sent without a key",
  no_event_accepted: "Requests of which no event could be taken",
  not_an_object: "Not an event",
  not_json: "Not JSON",
  not_storable: "A number beyond what can be stored",
  not_utf8: "Text in another encoding than UTF-8",
  nul_character_removed: "A NUL character was removed",
  number_not_finite: "A number that is none (NaN, Infinity)",
  overloaded: "Too many events at once: to be sent again",
  rate_exceeded: "Too many events with one key: to be sent again",
  too_deep: "Nested too deeply",
  // invalid
  event_timestamp_invalid: "A time that cannot be read",
  event_timestamp_out_of_range: "From the future, or too old",
  evt_action_missing: "A transaction step that does not say which",
  evt_type_missing: "No event type",
  evt_type_unknown: "An event type that this site has not",
  item_missing: "About an item that is not named",
  load_failed: "Refused by the store",
  payload_not_object: "Not an event",
  older_than_kept: "Of a time whose events are kept no longer",
  person_erased: "Of somebody who was erased",
  // noted
  click_ignored: "A click that is not in pixels",
  clock_corrected: "A wrong clock, set right",
  consent_ignored: "A consent that cannot be read",
  currency_unknown: "A currency that nobody knows",
  event_id_ignored: "An event id that is none",
  host_not_allowed: "A page on a host that may not send: set-up names those that may",
  value_out_of_bounds: "A value larger than a public key may send",
  evt_value_ignored: "A value that is no number: it counts as none",
  evt_value_rounded: "A value with more than four decimals",
  item_id_ignored: "An item id that is none",
  item_value_ignored: "An item's value that is no number",
  page_url_unparsed: "An address that is none",
  properties_ignored: "Properties that are no object",
  refund_without_value: "A refund that does not say how much",
  scroll_depth_ignored: "A scroll depth that is no percentage",
  sent_at_ignored: "A time of sending that cannot be read",
  session_id_ignored: "A session id that is none",
  time_on_page_ignored: "A time on a page that is none",
  transaction_id_ignored: "An order number that is none",
  user_agent_missing: "A browser that does not say what it is",
  user_id_ignored: "A person's id that is none",
  visitor_id_ignored: "A visitor id that is none",
  visitor_missing: "No address and no visitor id: of no visitor",
};

/** A reason as people read it; a code that has no words here, word by word. */
export const reasonOf = (code: string): string => {
  if (Object.hasOwn(REASONS, code)) return REASONS[code]!;
  const words = code.replaceAll("_", " ").replace(/ cut$/, " that was too long, and is cut");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
