"""What a campaign will send, when and to how many; and who gets nothing, by reason."""

from reminder.planning.forecast.make import forecast
from reminder.planning.forecast.outlook import Forecast

__all__ = ["Forecast", "forecast"]
