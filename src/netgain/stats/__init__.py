"""Statistics on plain numbers: values in, a frozen result out; numpy and the standard library."""
