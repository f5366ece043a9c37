"""An emulated Salesforce org: its data, and the API that speaks of them."""
