// What goes over the wire: the keys of the server's `TrackingEvent` (src/footfall/web/wire.py) that a browser sends.

export type TransactionStep = "start" | "progress" | "complete" | "abandon";

/** What a call may say about an event. `category`, `action`, `label` and `value` are short for the wire's `evt_…` keys. */
export interface Details {
  category?: string;
  action?: string;
  label?: string;
  /** Decimal, at most 14 digits before and 4 after the point. */
  value?: number | string;
  /** ISO 4217; default: the tenant's. */
  currency?: string;
  item_id?: string;
  item_type?: string;
  item_name?: string;
  item_category?: string;
  item_value?: number | string;
  item_metadata?: Record<string, unknown>;
  transaction_id?: string;
  funnel?: string;
  page_url?: string;
  page_title?: string;
  page_referrer?: string;
  scroll_depth?: number;
  time_on_page?: number;
  utm_source?: string;
  utm_medium?: string;
  utm_campaign?: string;
  utm_content?: string;
  utm_term?: string;
  /** Whatever else is to be kept: becomes `custom_properties`. */
  properties?: Record<string, unknown>;
}

/** An event as it is sent. `data-before-send` hooks get one, and return it, changed or not, or nothing to send nothing. */
export type WireEvent = { evt_type: string; event_id: string; event_timestamp: string } & Record<string, unknown>;

/** What a hook gives back. */
export type Sent = WireEvent | null | undefined | void;

export interface Options {
  /** A write key: public, it can only write. */
  key: string;
  /** Where Footfall answers, e.g. `https://stats.example`; default of the script: where it came from. */
  host: string;
  /** `"required"`: nothing is sent before `consent(true)`. */
  consent?: "required" | "";
  /** Count on localhost, in files and in automated browsers too. */
  local?: true | string;
  /** The part of an address after `#` tells pages apart. */
  hash?: boolean;
  /** `"off"`: no web vitals. */
  vitals?: string;
  /** Say in the console what is sent, and why something is not. */
  debug?: boolean;
  beforeSend?: (event: WireEvent) => Sent | Promise<Sent>;
}
